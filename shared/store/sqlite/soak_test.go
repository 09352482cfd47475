package sqlite_test

import (
	"fmt"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/store/sqlite"
)

// soakVariable says how many operations the soak test makes: 100,000 take some
// minutes.
const soakVariable = "OHFP_SOAK_OPERATIONS"

// soak is a site in virtual time: so many operations a day, each with a machine
// that is terminated the day after, or, of every thousandth, never.
type soak struct {
	*sqlite.Store
	t      *testing.T
	mu     sync.Mutex
	now    time.Time
	perDay int
}

const soakDays = 140 // four times what is kept

func (s *soak) clock() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

func (s *soak) sleep(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
}

func soaking(t *testing.T) *soak {
	t.Helper()
	operations := 2800
	if given := os.Getenv(soakVariable); given != "" {
		n, err := strconv.Atoi(given)
		if err != nil {
			t.Fatal(err)
		}
		operations = n
	}
	s := &soak{t: t, now: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), perDay: operations / soakDays}
	s.Store = open(t, t.TempDir(), sqlite.Options{Now: s.clock})
	return s
}

// day is one day's work, by several at a time, with a round of deletions after
// each quarter of it.
func (s *soak) day(n int) {
	for quarter := range 4 {
		var workers sync.WaitGroup
		for i := quarter; i < s.perDay; i += 4 {
			workers.Go(func() { s.operation(n, i) })
		}
		workers.Wait()
		s.sleep(6 * time.Hour)
		for {
			deleted, err := s.Prune(s.t.Context(), 2000)
			if err != nil {
				s.t.Fatal(err)
			}
			if deleted < 2000 {
				break
			}
		}
	}
}

func soakID(day, i int) string { return fmt.Sprintf("%03d-%05d", day, i) }

// stays reports whether the machine of an operation is never terminated.
func (s *soak) stays(day, i int) bool { return (day*s.perDay+i)%1000 == 0 }

func (s *soak) operation(day, i int) {
	id, now := soakID(day, i), s.clock()
	key := broker.KeyRecord{Key: broker.Key{Principal: "p", Operation: "o", Key: id}, OperationID: id, ExpiresAt: now.Add(24 * time.Hour)}
	o := broker.Operation{ID: id, Type: broker.CreateInstances, Status: broker.OpRunning, Wanted: 1, CreatedAt: now, DueAt: now.Add(time.Minute)}
	a := broker.Attempt{N: 1, Run: 1, Provider: "pool-a", Count: 1, State: broker.Intent, CreatedAt: now}
	claimed := s.ClaimOperation(s.t.Context(), broker.Claim{
		Operation: o, Attempts: []broker.Attempt{a}, Key: &key, Now: now,
		Decision: broker.Decision{Verdicts: make([]broker.Verdict, 20)},
	})
	m := broker.Machine{ID: "m-" + id, Name: "h", Provider: "pool-a", Status: broker.MachineRunning, LaunchTime: now, UpdatedAt: now, OperationID: id, Attempt: 1}
	a.State, a.Confirmed, a.Machines = broker.Confirmed, 1, []broker.Machine{m}
	o.Status, o.EndedAt = broker.OpSucceeded, now
	recorded := s.RecordOutcome(s.t.Context(), broker.Outcome{
		OperationID: id, Attempt: broker.Fenced{Attempt: a, SeenRun: 1, SeenState: broker.Intent}, Machines: a.Machines, Closed: &o,
	})
	var ended error
	if day > 0 && !s.stays(day-1, i) {
		_, ended = s.NoteMachine(s.t.Context(), "m-"+soakID(day-1, i), broker.MachineNote{Status: broker.MachineTerminated, At: now})
	}
	counted := s.AddMetric(s.t.Context(), broker.MetricRow{
		MetricKey: broker.MetricKey{Provider: "pool-a", Partition: now.Format("2006-01-02T15"), Row: now.Format("04") + "#CREATE_INSTANCES"},
		Flat:      broker.Flat{Numbers: map[string]int64{"n": 1}}, ExpiresAt: now.Add(25 * time.Hour),
	})
	for _, err := range []error{claimed, recorded, ended, counted} {
		if err != nil {
			s.t.Error(err)
		}
	}
}

// size is of the database's file, in bytes.
func (s *soak) size() int64 {
	info, err := os.Stat(file(s.Dir()))
	if err != nil {
		s.t.Fatal(err)
	}
	return info.Size()
}

// TestTheFileStaysBoundedAndEveryAnswerRight soaks a store for four times as
// long as things are kept. From the second time on the file does not grow.
func TestTheFileStaysBoundedAndEveryAnswerRight(t *testing.T) {
	s := soaking(t)
	var half int64
	for day := range soakDays {
		s.day(day)
		if day == soakDays/2 {
			half = s.size()
		}
		if day%35 == 34 {
			s.check(day)
		}
	}
	if end := s.size(); end > half+half/10 {
		t.Errorf("the file had %d bytes after %d days, and %d after %d", half, soakDays/2, end, soakDays)
	}
	t.Logf("%d operations: %d MiB after half of the time and %d MiB after all of it", s.perDay*soakDays, half>>20, s.size()>>20)
}

// check holds the answers on the evening of a day.
func (s *soak) check(day int) {
	s.t.Helper()
	wantOps, wantMachines, wantOwned := 0, 0, 0
	for d := range day + 1 {
		for i := range s.perDay {
			// It is midnight, and what is of the first quarter of a day ended at midnight.
			early := i%4 == 0
			kept := day-d < 34 || day-d == 34 && !early
			if kept {
				wantOps++
			}
			l, err := s.Ledger(s.t.Context(), soakID(d, i))
			if kept && (err != nil || len(l.Attempts) != 1 || l.Decision == nil) || !kept && !fault.Is(err, fault.NotFound) {
				s.t.Fatalf("day %d, operation %s: %+v, %v", day, soakID(d, i), l, err)
			}
			owned := d == day || s.stays(d, i)
			if owned {
				wantOwned++
			}
			if owned || day-d < 40 || day-d == 40 && !early {
				wantMachines++
			}
		}
	}
	if got := s.countOperations(); got != wantOps {
		s.t.Errorf("day %d: %d operations are listed, want %d", day, got, wantOps)
	}
	if got := s.countMachines(); got != wantMachines {
		s.t.Errorf("day %d: %d machines are listed, want %d", day, got, wantMachines)
	}
	owned, err := s.OwnedMachines(s.t.Context(), "pool-a", 1<<20)
	if err != nil || len(owned) != wantOwned {
		s.t.Errorf("day %d: %d machines are owned, want %d; %v", day, len(owned), wantOwned, err)
	}
}

func (s *soak) countOperations() (n int) {
	for p := (broker.Page{Limit: 1000}); ; {
		page, next, err := s.Operations(s.t.Context(), broker.OperationFilter{}, p)
		if err != nil {
			s.t.Fatal(err)
		}
		n += len(page)
		if p.Cursor = next; next == "" {
			return n
		}
	}
}

func (s *soak) countMachines() (n int) {
	for p := (broker.Page{Limit: 1000}); ; {
		page, next, err := s.ListMachines(s.t.Context(), broker.MachineFilter{}, p)
		if err != nil {
			s.t.Fatal(err)
		}
		n += len(page)
		if p.Cursor = next; next == "" {
			return n
		}
	}
}
