package sqlite_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/store/sqlite"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func open(t testing.TB, dir string, o sqlite.Options) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(context.Background(), dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// execute carries one operation through the ledger: claimed, sent, recorded
// with a machine, closed.
func execute(s *sqlite.Store, id string, created time.Time) error {
	ctx := context.Background()
	o := broker.Operation{
		ID: id, Type: broker.CreateInstances, Status: broker.OpRunning, Wanted: 1, CreatedAt: created,
		DueAt: created.Add(time.Minute), Deadline: created.Add(time.Minute), TemplateID: "small",
		Candidates: []broker.Candidate{{Provider: "pool-a", Kind: "static", Spec: &broker.CreateSpec{BrokerID: "b", OperationID: id}}},
	}
	a := broker.Attempt{
		N: 1, Run: 1, Provider: "pool-a", Kind: "static", Count: 1, Token: id, State: broker.Intent,
		Spec: &broker.CreateSpec{BrokerID: "b", OperationID: id, Attempt: 1, Token: id, Count: 1}, CreatedAt: created,
	}
	k := broker.KeyRecord{
		Key: broker.Key{Principal: "ada", Operation: "execute", Key: id}, OperationID: id,
		LeaseUntil: created.Add(time.Minute), ExpiresAt: created.Add(24 * time.Hour),
	}
	d := broker.Decision{Policy: broker.RoundRobin, Ranked: []string{"pool-a"}, Verdicts: []broker.Verdict{{Provider: "pool-a", Rank: 1}}}
	if err := s.ClaimOperation(ctx, broker.Claim{Operation: o, Decision: d, Attempts: []broker.Attempt{a}, Key: &k, Now: created}); err != nil {
		return err
	}
	sent := a
	sent.State, sent.SentAt = broker.Sent, created
	if err := s.MarkSent(ctx, id, broker.Fenced{Attempt: sent, SeenRun: 1, SeenState: broker.Intent}); err != nil {
		return err
	}
	m := broker.Machine{ID: "m-" + id, Name: "h", Provider: "pool-a", Status: broker.MachineRunning, OperationID: id}
	a.State, a.Confirmed, a.Machines = broker.Confirmed, 1, []broker.Machine{m}
	o.Status = broker.OpSucceeded
	return s.RecordOutcome(ctx, broker.Outcome{
		OperationID: id, Attempt: broker.Fenced{Attempt: a, SeenRun: 1, SeenState: broker.Sent},
		Machines: []broker.Machine{m}, Closed: &o,
	})
}

// fill stores n operations that have ended.
func fill(b *testing.B, s *sqlite.Store, n int) {
	b.Helper()
	errs := make(chan error, 64)
	for w := range cap(errs) {
		go func() {
			for i := w; i < n; i += cap(errs) {
				if err := execute(s, fmt.Sprintf("old-%d", i), start.Add(time.Duration(i)*time.Second)); err != nil {
					errs <- err
					return
				}
			}
			errs <- nil
		}()
	}
	for range cap(errs) {
		if err := <-errs; err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkConditionalWrite is one durable conditional write: taking a lease.
func BenchmarkConditionalWrite(b *testing.B) {
	for _, callers := range []int{1, 16, 64} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			s := open(b, b.TempDir(), sqlite.Options{})
			inParallel(b, callers, func(caller, i int) error {
				_, err := s.TakeLease(context.Background(), broker.Lease{
					Provider: "pool-a", Host: fmt.Sprintf("h-%d", caller), MachineID: "m", Version: int64(i),
				})
				return err
			})
		})
	}
}

// BenchmarkTicket is one write that a power cut may lose.
func BenchmarkTicket(b *testing.B) {
	for _, callers := range []int{1, 16} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			s := open(b, b.TempDir(), sqlite.Options{})
			inParallel(b, callers, func(int, int) error {
				_, err := s.Ticket(context.Background(), "scope")
				return err
			})
		})
	}
}

// BenchmarkExecute is an operation's way through the ledger: three durable
// writes. Its cost must not grow with what is stored.
func BenchmarkExecute(b *testing.B) {
	for _, stored := range []int{100, 10_000} {
		for _, callers := range []int{1, 16} {
			b.Run(fmt.Sprintf("stored=%d/callers=%d", stored, callers), func(b *testing.B) {
				s := open(b, b.TempDir(), sqlite.Options{})
				fill(b, s, stored)
				inParallel(b, callers, func(caller, i int) error {
					return execute(s, fmt.Sprintf("op-%d-%d", caller, i), start.Add(time.Duration(i)*time.Millisecond))
				})
			})
		}
	}
}

// inParallel runs do b.N times, shared by callers; i counts per caller.
func inParallel(b *testing.B, callers int, do func(caller, i int) error) {
	b.Helper()
	b.ReportAllocs()
	errs := make(chan error, callers)
	b.ResetTimer()
	for c := range callers {
		go func() {
			n := b.N / callers
			if c < b.N%callers {
				n++
			}
			for i := range n {
				if err := do(c, i); err != nil {
					errs <- err
					return
				}
			}
			errs <- nil
		}()
	}
	for range callers {
		if err := <-errs; err != nil {
			b.Fatal(err)
		}
	}
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "verbs/s")
}

// BenchmarkOpen opens and closes a store that is there.
func BenchmarkOpen(b *testing.B) {
	dir := b.TempDir()
	for b.Loop() {
		s, err := sqlite.Open(context.Background(), dir, sqlite.Options{})
		if err != nil {
			b.Fatal(err)
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
