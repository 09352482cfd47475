package sqlite_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	store "github.com/openhostfactory/ohfp/shared/store/sqlite"
)

// refused opens dir and fails unless that is refused with all the words.
func refused(t *testing.T, dir string, o store.Options, words ...string) {
	t.Helper()
	s, err := store.Open(t.Context(), dir, o)
	if err == nil {
		t.Fatal(errors.Join(errors.New("it was opened"), s.Close()))
	}
	f := fault.As(err)
	if f.Code != fault.StoreUnavailable {
		t.Errorf("want store_unavailable, got %s", f.Code)
	}
	for _, w := range append(words, dir) {
		if !strings.Contains(f.Detail, w) {
			t.Errorf("%q is not in: %s", w, f.Detail)
		}
	}
}

// made makes a store with something in it and closes it again.
func made(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	s, err := store.Open(t.Context(), dir, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 50 {
		if _, err := s.PutTemplate(t.Context(), broker.Template{ID: fmt.Sprint(i), UserData: strings.Repeat("x", 1000)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

func file(dir string) string { return filepath.Join(dir, store.DatabaseFile) }

// raw runs statements on the database beside the store.
func raw(t *testing.T, dir string, statements ...string) {
	t.Helper()
	db, err := sql.Open("sqlite", file(dir))
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range statements {
		if _, err := db.ExecContext(t.Context(), q); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestOpen_refuses_a_file_that_is_no_database(t *testing.T) {
	dir := t.TempDir()
	write(t, file(dir), []byte("this is a letter to my aunt, and no database at all"))
	refused(t, dir, store.Options{}, "damaged", "restore a copy", store.DatabaseFile)
	write(t, file(dir), []byte("SQLite"))
	refused(t, dir, store.Options{}, "damaged")
}

func TestOpen_refuses_damage_inside_the_file(t *testing.T) {
	for name, spoil := range map[string]func([]byte) []byte{
		"half of it is gone":    func(b []byte) []byte { return b[:len(b)/2/4096*4096] },
		"a page is overwritten": func(b []byte) []byte { copy(b[4096:], strings.Repeat("garbage ", 512)); return b },
		"the header is wrong":   func(b []byte) []byte { copy(b[16:], strings.Repeat("\xff", 80)); return b },
	} {
		t.Run(name, func(t *testing.T) {
			dir := made(t)
			b, err := os.ReadFile(file(dir))
			if err != nil {
				t.Fatal(err)
			}
			write(t, file(dir), spoil(b))
			refused(t, dir, store.Options{}, "damaged", "restore a copy", "move the file aside")
		})
	}
}

func TestOpen_refuses_a_log_whose_database_is_gone(t *testing.T) {
	dir := made(t)
	if err := os.Remove(file(dir)); err != nil {
		t.Fatal(err)
	}
	write(t, file(dir)+"-wal", []byte("something"))
	refused(t, dir, store.Options{}, "missing", "-wal", "Restore")
}

func TestOpen_refuses_a_newer_layout(t *testing.T) {
	dir := made(t)
	raw(t, dir, "PRAGMA user_version = 7")
	refused(t, dir, store.Options{}, "newer", "7")
}

func TestOpen_refuses_the_database_of_another_program(t *testing.T) {
	dir := t.TempDir()
	raw(t, dir, "CREATE TABLE bookmarks (url TEXT)")
	refused(t, dir, store.Options{}, "another program", "--data-dir")
}

func TestOpen_refuses_a_network_file_system(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "not", "there")
	asked := ""
	refused(t, dir, store.Options{Filesystem: func(d string) (string, bool, error) {
		asked = d
		return "NFS", true, nil
	}}, "network file system", "NFS", "--data-dir")
	if want := filepath.Dir(filepath.Dir(dir)); asked != want {
		t.Errorf("asked for %s; the nearest directory that is there is %s", asked, want)
	}
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the directory was made nevertheless: %v", err)
	}
}

func TestOpen_refuses_a_directory_in_use(t *testing.T) {
	dir := t.TempDir()
	open(t, dir, store.Options{})
	refused(t, dir, store.Options{}, "in use", fmt.Sprintf("process %d", os.Getpid()))
}

func TestOpen_refuses_a_directory_that_another_process_uses(t *testing.T) {
	dir := t.TempDir()
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestHoldDirectory$")
	child.Env = append(os.Environ(), "STORE_TEST_HOLD="+dir)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	refused(t, dir, store.Options{}, "in use", fmt.Sprintf("process %d", child.Process.Pid))
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := child.Wait(); err == nil {
		t.Error("the child ended by itself")
	}
	open(t, dir, store.Options{}) // a killed process holds nothing
}

// TestHoldDirectory is the child of the test above.
func TestHoldDirectory(t *testing.T) {
	dir := os.Getenv("STORE_TEST_HOLD")
	if dir == "" {
		t.Skip("not a test of its own")
	}
	open(t, dir, store.Options{})
	fmt.Print("ready")
	<-t.Context().Done()
}

func TestOpen_refuses_a_place_that_cannot_be_a_directory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "file", "below")
	write(t, filepath.Dir(dir), nil)
	refused(t, dir, store.Options{}, "cannot be made")
}

func TestOpen_leaves_a_refused_directory_free(t *testing.T) {
	dir := made(t)
	raw(t, dir, "PRAGMA user_version = 7")
	refused(t, dir, store.Options{}, "newer")
	raw(t, dir, "PRAGMA user_version = 1")
	open(t, dir, store.Options{})
}

func TestOpen_makes_files_that_only_the_owner_can_read(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	s := open(t, dir, store.Options{})
	if _, err := s.Ticket(t.Context(), "x"); err != nil {
		t.Fatal(err)
	}
	got := map[string]fs.FileMode{}
	err := filepath.WalkDir(filepath.Dir(dir), func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		got[filepath.Base(path)] = info.Mode().Perm()
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]fs.FileMode{
		"a": 0o700, "b": 0o700, "lock": 0o600, "ohfp.db": 0o600, "ohfp.db-wal": 0o600, "ohfp.db-shm": 0o600,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("want (-), got (+):\n%s", d)
	}
}

func TestOpen_works_in_a_directory_with_a_strange_name(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "100% odd? #1 & ü")
	open(t, dir, store.Options{})
	if _, err := os.Stat(file(dir)); err != nil {
		t.Error(err)
	}
}

func TestDurability_is_full_for_the_ledger(t *testing.T) {
	s := open(t, t.TempDir(), store.Options{})
	got, err := s.Durability(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	const normal, full = 1, 2 // https://sqlite.org/pragma.html#pragma_synchronous
	if d := cmp.Diff(store.Durability{Journal: "wal", Ledger: full, Counters: normal}, got); d != "" {
		t.Errorf("want (-), got (+):\n%s", d)
	}
}

func TestClose_folds_the_log_and_ends_every_verb(t *testing.T) {
	dir := t.TempDir()
	s, err := store.Open(t.Context(), dir, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.PutTemplate(t.Context(), broker.Template{ID: "a"}); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.Close(), s.Close()); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(file(dir) + "-wal"); err == nil && info.Size() > 0 {
		t.Errorf("the log still has %d bytes", info.Size())
	}
	if _, err := s.Ticket(t.Context(), "x"); !fault.Is(err, fault.StoreUnavailable) {
		t.Errorf("a write after the end: %v", err)
	}
	if _, err := s.Template(t.Context(), "a"); !fault.Is(err, fault.StoreUnavailable) {
		t.Errorf("a read after the end: %v", err)
	}
}

func TestClose_lets_go_of_every_file(t *testing.T) {
	if _, err := os.Stat("/proc/self/fd"); err != nil {
		t.Skip("NOT TESTED: which files are open, because this system does not say: ", err)
	}
	dir := t.TempDir()
	s, err := store.Open(t.Context(), dir, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Ticket(t.Context(), "x"); err != nil {
		t.Fatal(err)
	}
	if len(within(t, dir)) == 0 {
		t.Fatal("no file of the open store is seen")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if left := within(t, dir); len(left) > 0 {
		t.Errorf("it holds %q", left)
	}
}

// within lists the files in dir that this process has open.
func within(t *testing.T, dir string) (open []string) {
	t.Helper()
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	for _, fd := range fds {
		path, err := os.Readlink("/proc/self/fd/" + fd.Name())
		if err == nil && strings.HasPrefix(path, dir) { // an error: it was the listing itself
			open = append(open, path)
		}
	}
	return open
}

// lockBeside locks the database as another program would, once a verb that
// was given up has let go of it.
func lockBeside(t *testing.T, dir string) {
	t.Helper()
	db, err := sql.Open("sqlite", file(dir)+"?_txlock=immediate&_pragma=busy_timeout(60000)")
	if err != nil {
		t.Fatal(err)
	}
	tx, err := db.BeginTx(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(tx.Rollback(), db.Close()); err != nil {
			t.Error(err)
		}
	})
}

func TestAVerbGivesUpOnALockedDatabase(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, store.Options{BusyTimeout: 30 * time.Millisecond})
	lockBeside(t, dir)
	_, err := s.PutTemplate(t.Context(), broker.Template{ID: "a"})
	if !fault.Is(err, fault.StoreUnavailable) || !strings.Contains(err.Error(), "locked by another program") {
		t.Errorf("got: %v", err)
	}
	if _, err := s.Ticket(t.Context(), "a"); !fault.Is(err, fault.StoreUnavailable) {
		t.Errorf("got: %v", err)
	}
	if _, err := s.Meta(t.Context()); err != nil {
		t.Errorf("reading needs no lock: %v", err)
	}
}

func TestAVerbObeysItsContext(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, store.Options{BusyTimeout: time.Minute}) // far longer than any caller waits
	over, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.Ticket(over, "a")
	if !errors.Is(err, context.Canceled) || !fault.Is(err, fault.StoreUnavailable) {
		t.Errorf("a verb whose caller has gone: %v", err)
	}
	if _, err := s.Snapshot(over); !errors.Is(err, context.Canceled) {
		t.Errorf("a read whose caller has gone: %v", err)
	}
	lockBeside(t, dir)
	short, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := s.PutTemplate(short, broker.Template{ID: "a"}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a verb that waits for a lock: %v", err)
	}
}

func TestAVerbThatWasGivenUpLeavesNoTrace(t *testing.T) {
	s := open(t, t.TempDir(), store.Options{})
	over, cancel := context.WithCancel(t.Context())
	cancel()
	for range 10 {
		if _, err := s.Ticket(over, "a"); err == nil {
			t.Fatal("a ticket for nobody")
		}
	}
	if n, err := s.Ticket(t.Context(), "a"); n != 0 || err != nil {
		t.Errorf("the first ticket is %d, %v", n, err)
	}
}
