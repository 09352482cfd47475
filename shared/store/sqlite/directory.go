package sqlite

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/openhostfactory/ohfp/shared/fault"
)

// Names of the files in a data directory.
const (
	DatabaseFile = "ohfp.db"
	lockName     = "lock"
)

// claimDirectory makes the directory if it is not there and locks it for this
// process. The lock lasts until the file is closed.
func claimDirectory(dir string, o Options) (*os.File, error) {
	if err := refuseNetwork(dir, o); err != nil {
		return nil, err
	}
	if err := makeDirectory(dir); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(filepath.Join(dir, lockName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, refuse(err, "The data directory %s cannot be written. Check its owner and permissions.", dir)
	}
	if err := lockFile(f); err != nil {
		return nil, errors.Join(inUse(dir, f, err), f.Close())
	}
	if err := writePID(f); err != nil {
		return nil, errors.Join(refuse(err, "The data directory %s cannot be written. Check its permissions and free space.", dir), f.Close())
	}
	return f, nil
}

func refuse(cause error, format string, args ...any) *fault.Error {
	e := fault.New(fault.StoreUnavailable, format, args...)
	e.Err = cause
	return e
}

func refuseNetwork(dir string, o Options) error {
	name, network, err := o.Filesystem(nearest(dir))
	if err != nil {
		return refuse(err, "The file system of the data directory %s cannot be read.", dir)
	}
	if network {
		return refuse(nil, "The data directory %s is on a network file system (%s), where a database is not safe. Choose one on a local disk with --data-dir.", dir, name)
	}
	return nil
}

// nearest is dir, or the closest directory above it that is there.
func nearest(dir string) string {
	for {
		_, err := os.Stat(dir)
		up := filepath.Dir(dir)
		if err == nil || up == dir {
			return dir
		}
		dir = up
	}
}

// makeDirectory makes what is missing of dir, for its owner only, and has the
// entries synced, so that a power cut does not take the directory away. One
// that is there keeps its permissions.
func makeDirectory(dir string) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	above := nearest(dir)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return refuse(err, "The data directory %s cannot be made. Choose another with --data-dir.", dir)
	}
	for d := filepath.Dir(dir); ; d = filepath.Dir(d) {
		if err := syncDirectory(d); err != nil {
			return refuse(err, "The data directory %s cannot be synced to its disk.", dir)
		}
		if len(d) <= len(above) {
			return nil
		}
	}
}

func syncDirectory(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func writePID(f *os.File) error {
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err := f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	return err
}

// inUse says who holds the directory.
func inUse(dir string, f *os.File, cause error) error {
	if errors.Is(cause, errors.ErrUnsupported) {
		return refuse(cause, "The data directory %s cannot be locked on this system. Choose one on a local disk with --data-dir.", dir)
	}
	holder := "another process"
	if b, err := io.ReadAll(io.LimitReader(f, 32)); err == nil && len(b) > 0 {
		holder = "process " + strings.TrimSpace(string(b))
	}
	return refuse(cause, "The data directory %s is in use by %s. Stop that one, or choose another directory with --data-dir.", dir, holder)
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
	return errors.Join(f.Close(), syncDirectory(filepath.Dir(path)))
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
