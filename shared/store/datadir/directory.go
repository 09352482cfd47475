package datadir

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/openhostfactory/ohfp/shared/fault"
)

// lockName is the file whose lock is the directory's.
const lockName = "lock"

// Claim makes dir if it is not there and locks it for this process. The lock
// lasts until the file is closed. It refuses a directory that cannot be made or
// written and one that another process uses: store_unavailable with the path
// and the remedy.
func Claim(dir string) (*os.File, error) {
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

// Nearest is dir, or the closest directory above it that is there.
func Nearest(dir string) string {
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
	above := Nearest(dir)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return refuse(err, "The data directory %s cannot be made. Choose another with --data-dir.", dir)
	}
	for d := filepath.Dir(dir); ; d = filepath.Dir(d) {
		if err := Sync(d); err != nil {
			return refuse(err, "The data directory %s cannot be synced to its disk.", dir)
		}
		if len(d) <= len(above) {
			return nil
		}
	}
}

// Sync has the entries of dir written to its disk.
func Sync(dir string) error {
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
