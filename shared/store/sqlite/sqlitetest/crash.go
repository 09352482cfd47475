package sqlitetest

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/openhostfactory/ohfp/shared/store/sqlite"
)

// record is the file in which a recorder keeps the position of the last sync.
const record = "last-sync"

// Recorder notes how far the log of a data directory has reached the disk.
type Recorder struct {
	dir string

	mu   sync.Mutex
	last position
	err  error
}

// NewRecorder makes a recorder for the store in dir.
func NewRecorder(dir string) *Recorder { return &Recorder{dir: dir} }

// Synced notes that all that is in the log now is on the disk. Give it to
// [sqlite.Options].
func (r *Recorder) Synced() {
	r.mu.Lock()
	defer r.mu.Unlock()
	p, err := endOfLog(logPath(r.dir), r.last)
	if err == nil {
		r.last = p
		err = r.keep(p)
	}
	r.err = errors.Join(r.err, err)
}

// keep writes in place, so that a reader never finds the file empty.
func (r *Recorder) keep(p position) error {
	f, err := os.OpenFile(filepath.Join(r.dir, record), os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(p.encode(), 0)
	return errors.Join(err, f.Close())
}

// Err returns what went wrong while recording.
func (r *Recorder) Err() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}

func logPath(dir string) string { return filepath.Join(dir, sqlite.DatabaseFile+"-wal") }

// CrashImage copies the data directory src, of a store that is open or whose
// process was killed, to dst as a power failure just now would leave it at
// worst: cut at the last sync that a [Recorder] noted. No verb may be under
// way.
func CrashImage(src, dst string) error { return CrashImageTorn(src, dst, 0) }

// CrashImageTorn is CrashImage with so many bytes more of what was not synced,
// as far as there are any: a cut in the middle of a later write.
func CrashImageTorn(src, dst string, more int64) error {
	if err := copyTree(src, dst); err != nil {
		return fmt.Errorf("copying %s: %w", src, err)
	}
	// Read after the copy: what the log was folded into the database with
	// meanwhile was synced before.
	last, err := lastSync(src)
	if err != nil {
		return err
	}
	return cut(logPath(dst), last, more)
}

// Cut cuts the log of dir in place, as CrashImage does with a copy. No process
// may have the store open, but for the one that is about to kill itself.
func Cut(dir string) error {
	last, err := lastSync(dir)
	if err != nil {
		return err
	}
	return cut(logPath(dir), last, 0)
}

func lastSync(dir string) (position, error) {
	b, err := os.ReadFile(filepath.Join(dir, record))
	if err != nil {
		return position{}, fmt.Errorf("reading where the last sync was: %w", err)
	}
	p, err := decode(b)
	if err != nil {
		return position{}, fmt.Errorf("reading where the last sync was: %w", err)
	}
	return p, nil
}

// cut shortens the log to its last sync. A log of a later round begins after
// the database was synced whole, so nothing of it has to be kept.
func cut(path string, last position, more int64) error {
	now, err := endOfLog(path, position{})
	if err != nil {
		return fmt.Errorf("reading %s: %w", path, err)
	}
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	end := last.End
	if now.Salts != last.Salts {
		end = walHeader
	}
	return os.Truncate(path, min(info.Size(), end+more))
}

// copyTree copies regular files and directories, but not what dies with the
// machine: shared memory and locks.
func copyTree(src, dst string) error {
	return filepath.WalkDir(src, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(src, path)
		if err != nil {
			return err
		}
		to := filepath.Join(dst, rel)
		switch {
		case d.IsDir():
			return os.MkdirAll(to, 0o700)
		case !d.Type().IsRegular(), strings.HasSuffix(rel, "-shm"), rel == "lock", rel == record:
			return nil
		}
		return copyFile(path, to)
	})
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	out, err := os.OpenFile(to, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return errors.Join(err, in.Close())
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, in.Close(), out.Close())
}
