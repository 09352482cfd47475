package sqlite

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/store/datadir"
)

// DatabaseFile is the name of the database in a data directory.
const DatabaseFile = "ohfp.db"

// claimDirectory makes the directory if it is not there and locks it for this
// process. The lock lasts until the file is closed.
func claimDirectory(dir string, o Options) (*os.File, error) {
	if err := refuseNetwork(dir, o); err != nil {
		return nil, err
	}
	return datadir.Claim(dir) //nolint:wrapcheck // it says all
}

func refuse(cause error, format string, args ...any) *fault.Error {
	e := fault.New(fault.StoreUnavailable, format, args...)
	e.Err = cause
	return e
}

func refuseNetwork(dir string, o Options) error {
	name, network, err := o.Filesystem(datadir.Nearest(dir))
	if err != nil {
		return refuse(err, "The file system of the data directory %s cannot be read.", dir)
	}
	if network {
		return refuse(nil, "The data directory %s is on a network file system (%s), where a database is not safe. Choose one on a local disk with --data-dir.", dir, name)
	}
	return nil
}

// prepareFile refuses a file that is no database, and makes an empty one,
// readable by its owner only, where there is none.
func prepareFile(path string) error {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return createFile(path)
	}
	if err != nil {
		return refuse(err, "The database %s cannot be read. Check its permissions.", path)
	}
	if info.Size() == 0 {
		return nil
	}
	if err := checkHeader(path); err != nil {
		return err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return os.Chmod(path, 0o600)
	}
	return nil
}

func createFile(path string) error {
	if info, err := os.Stat(path + "-wal"); err == nil && info.Size() > 0 {
		return refuse(nil, "%s is missing, but %s-wal is there with a part of its content. Restore the missing file; or move the other aside to begin empty.", path, path)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|os.O_EXCL, 0o600)
	if err != nil {
		return refuse(err, "The database %s cannot be made. Check the permissions of its directory.", path)
	}
	return errors.Join(f.Close(), datadir.Sync(filepath.Dir(path)))
}

// magic begins every SQLite 3 database (https://sqlite.org/fileformat2.html).
const magic = "SQLite format 3\x00"

func checkHeader(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return refuse(err, "The database %s cannot be read. Check its permissions.", path)
	}
	head := make([]byte, len(magic))
	_, err = io.ReadFull(f, head)
	if cerr := f.Close(); cerr != nil {
		return refuse(cerr, "The database %s cannot be read.", path)
	}
	if err != nil || !bytes.Equal(head, []byte(magic)) {
		return damaged(path, fmt.Errorf("the file begins with %q", head))
	}
	return nil
}

func damaged(path string, cause error) error {
	return refuse(cause, "The database %s is damaged. %s", path, restore)
}
