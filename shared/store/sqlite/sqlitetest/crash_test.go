package sqlitetest_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/store/sqlite"
	"github.com/openhostfactory/ohfp/shared/store/sqlite/sqlitetest"
)

func open(t *testing.T, dir string, synced func()) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), dir, sqlite.Options{Synced: synced, Now: func() time.Time { return time.Unix(0, 0) }})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func recorded(t *testing.T) (*sqlite.Store, string) {
	t.Helper()
	dir := t.TempDir()
	r := sqlitetest.NewRecorder(dir)
	s := open(t, dir, r.Synced)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if err := r.Err(); err != nil {
			t.Error(err)
		}
	})
	return s, dir
}

func put(t *testing.T, s *sqlite.Store, id string) {
	t.Helper()
	if _, err := s.PutTemplate(t.Context(), broker.Template{ID: id, Image: "image of " + id}); err != nil {
		t.Fatal(err)
	}
}

func ticket(t *testing.T, s *sqlite.Store) int64 {
	t.Helper()
	n, err := s.Ticket(t.Context(), "scope")
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// image opens a crash image and hands it to look.
func image(t *testing.T, dir string, more int64, look func(s *sqlite.Store)) {
	t.Helper()
	dst := filepath.Join(t.TempDir(), "image")
	if err := sqlitetest.CrashImageTorn(dir, dst, more); err != nil {
		t.Fatal(err)
	}
	s := open(t, dst, nil)
	look(s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestAnImageHasWhatWasSyncedAndNotWhatFollowed(t *testing.T) {
	s, dir := recorded(t)
	for range 5 {
		ticket(t, s)
	}
	put(t, s, "a") // syncs the tickets too
	for range 7 {
		ticket(t, s)
	}
	image(t, dir, 0, func(cut *sqlite.Store) {
		if _, err := cut.Template(t.Context(), "a"); err != nil {
			t.Error(err)
		}
		if n := ticket(t, cut); n != 5 {
			t.Errorf("the next ticket is %d; 5 were synced and 7 were not", n)
		}
	})
	image(t, dir, 1<<30, func(whole *sqlite.Store) {
		if n := ticket(t, whole); n != 12 {
			t.Errorf("the next ticket is %d after 12, with nothing cut", n)
		}
	})
}

// TestNoCutLosesWhatWasAcknowledged writes at random on both connections,
// through several folds of the log, and looks at images in between: cut at
// the last sync, and anywhere after it, in the middle of a frame too.
func TestNoCutLosesWhatWasAcknowledged(t *testing.T) {
	s, dir := recorded(t)
	rng := rand.New(rand.NewPCG(1, 2))
	puts, synced, tickets := 0, int64(0), int64(0)
	for i := range 1800 {
		if rng.IntN(8) == 0 {
			put(t, s, fmt.Sprintf("t-%05d", puts))
			puts, synced = puts+1, tickets
		} else {
			tickets = ticket(t, s) + 1
		}
		if i%90 != 89 {
			continue
		}
		for _, more := range []int64{0, rng.Int64N(200), rng.Int64N(40_000)} {
			image(t, dir, more, func(cut *sqlite.Store) { holds(t, cut, puts, synced, tickets) })
		}
	}
	if info, err := os.Stat(filepath.Join(dir, sqlite.DatabaseFile)); err != nil || info.Size() < 40_000 {
		t.Errorf("the log was never folded into the database: %v, %v", info, err)
	}
}

// holds fails unless a store has that many templates, and hands out a ticket
// that was not acknowledged before the last sync.
func holds(t *testing.T, s *sqlite.Store, puts int, least, most int64) {
	t.Helper()
	seen := 0
	for p := (broker.Page{Limit: 1000}); ; {
		page, next, err := s.Templates(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		for _, tpl := range page {
			if want := fmt.Sprintf("t-%05d", seen); tpl.ID != want || tpl.Image != "image of "+want {
				t.Fatalf("want %s, got %+v", want, tpl)
			}
			seen++
		}
		if p.Cursor = next; next == "" {
			break
		}
	}
	if seen != puts {
		t.Fatalf("%d of %d acknowledged templates are there", seen, puts)
	}
	if n := ticket(t, s); n < least || n > most {
		t.Fatalf("the next ticket is %d; %d were synced, %d taken", n, least, most)
	}
}

func TestADirectoryThatNobodyRecordedHasNoImage(t *testing.T) {
	if err := sqlitetest.CrashImage(t.TempDir(), filepath.Join(t.TempDir(), "image")); err == nil {
		t.Error("an image of nothing")
	}
}

func TestCutLeavesADirectoryAsAnImageWould(t *testing.T) {
	s, dir := recorded(t)
	put(t, s, "a")
	ticket(t, s)
	dst := filepath.Join(t.TempDir(), "copy")
	if err := sqlitetest.CrashImageTorn(dir, dst, 1<<30); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(dir, "last-sync"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dst, "last-sync"), b, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := sqlitetest.Cut(dst); err != nil {
		t.Fatal(err)
	}
	cut := open(t, dst, nil)
	if _, err := cut.Template(t.Context(), "a"); err != nil {
		t.Error(err)
	}
	if n := ticket(t, cut); n != 0 {
		t.Errorf("the next ticket is %d; none was synced", n)
	}
	if err := cut.Close(); err != nil {
		t.Error(err)
	}
}
