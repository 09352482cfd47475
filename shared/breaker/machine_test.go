package breaker_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/openhostfactory/ohfp/shared/breaker"
	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
)

const lease = 30 * time.Second

// caller is one call that was let in, somewhere between its writes.
type caller struct {
	call    breaker.Call
	answer  breaker.Answer
	ended   bool
	pending []broker.LiveWrite // of its end, not yet carried out
	row     broker.Live        // as its last write returned it
	asked   bool               // After was asked
}

// machine interleaves callers on one row, write by write: what a store with
// conditional writes allows, and nothing else.
type machine struct {
	cfg     broker.BreakerConfig
	now     time.Time
	row     broker.Live
	seen    []broker.Live // rows that a caller may still hold
	callers []*caller
	dead    bool // some caller never ended
	names   int
	tripped map[int64]int // trips by the epoch they ended
}

// write carries w out and checks what must hold of every write.
func (m *machine) write(t *rapid.T, w broker.LiveWrite) (broker.Live, bool) {
	before := m.row
	after, held := w.Apply(before)
	m.row, m.seen = after, append(m.seen, after)
	if moved := after.Epoch - before.Epoch; moved != 0 && moved != 1 {
		t.Fatalf("%s moved the epoch by %d", w.Kind, moved)
	}
	late := w.Epoch != before.Epoch
	switch {
	case !held:
		if diff := cmp.Diff(before, after); diff != "" {
			t.Fatalf("%s was refused and changed the row: %s", w.Kind, diff)
		}
	case w.Kind == broker.LiveTrip:
		m.tripped[before.Epoch]++
	case w.Kind == broker.LiveEnd && late:
		before.InFlight, after.InFlight = nil, nil
		if diff := cmp.Diff(before, after); diff != "" {
			t.Fatalf("a late end changed more than the flight: %s", diff)
		}
	}
	return m.row, held
}

func (m *machine) enter(t *rapid.T) {
	m.names++
	c := breaker.Caller{Attempt: string(rune('a' + m.names)), Now: m.now, Lease: lease}
	seen := rapid.SampledFrom(m.seen).Draw(t, "row")
	held := m.row.State == broker.Open && m.now.Before(m.row.OpenUntil)
	for range 3 {
		w, ok := breaker.Admit(seen, m.cfg, c)
		if !ok {
			return
		}
		row, in := m.write(t, w)
		if !in {
			seen = row
			continue
		}
		if held {
			t.Fatalf("%s was let in while open", w.Kind)
		}
		m.callers = append(m.callers, &caller{call: breaker.Began(w, row)})
		return
	}
	t.Fatal("denied neither by Admit nor let in by the row that it saw")
}

// move takes one caller one write further.
func (m *machine) move(t *rapid.T) {
	if len(m.callers) == 0 {
		t.Skip("nobody is in")
	}
	i := rapid.IntRange(0, len(m.callers)-1).Draw(t, "caller")
	c := m.callers[i]
	switch {
	case !c.ended:
		c.answer = breaker.Answer{
			Class: rapid.SampledFrom(append(fault.Classes(), fault.None, fault.Down, fault.Down)).Draw(t, "class"),
			Now:   m.now, Jitter: rapid.Float64Range(0, 0.999).Draw(t, "jitter"),
		}
		c.ended, c.pending = true, c.call.End(m.cfg, c.answer)
	case len(c.pending) > 0:
		c.row, _ = m.write(t, c.pending[0])
		c.pending = c.pending[1:]
	case !c.asked:
		c.asked = true
		if w, ok := c.call.After(c.row, m.cfg, c.answer); ok {
			c.pending = append(c.pending, w)
		}
	default:
		m.callers = slices.Delete(m.callers, i, i+1)
	}
}

func (m *machine) die(t *rapid.T) {
	if len(m.callers) == 0 {
		t.Skip("nobody is in")
	}
	i := rapid.IntRange(0, len(m.callers)-1).Draw(t, "caller")
	m.callers, m.dead = slices.Delete(m.callers, i, i+1), true
}

func (m *machine) check(t *rapid.T) {
	held := 0
	for _, p := range m.row.Permits {
		if p.Expires.After(m.now) {
			held++
		}
	}
	if held > m.cfg.HalfOpenMaxCalls {
		t.Fatalf("%d permits of %d are held", held, m.cfg.HalfOpenMaxCalls)
	}
	for epoch, n := range m.tripped {
		if n > 1 {
			t.Fatalf("%d callers tripped epoch %d", n, epoch)
		}
	}
	for minute, n := range m.row.InFlight {
		if n < 1 {
			t.Fatalf("%d in flight since minute %d", n, minute)
		}
	}
	if m.row.State == broker.Open && m.row.OpenUntil.Sub(m.now) > 5*time.Minute {
		t.Fatalf("open for %v from now", m.row.OpenUntil.Sub(m.now))
	}
	if n := len(m.seen); n > 5 {
		m.seen = m.seen[n-5:]
	}
}

// finish lets everybody end and looks at what is left.
func (m *machine) finish(t *rapid.T) {
	for len(m.callers) > 0 {
		m.move(t)
	}
	if left := m.row.Calls(m.now); left != 0 && !m.dead {
		t.Fatalf("%d in flight after all have ended", left)
	}
	m.now = m.now.Add(16 * time.Minute) // past every lease, open_until and leaked minute
	if left := m.row.Calls(m.now); left != 0 {
		t.Fatalf("%d leaked for ever", left)
	}
	w, ok := breaker.Admit(m.row, m.cfg, breaker.Caller{Attempt: "last", Now: m.now, Lease: lease})
	if !ok {
		t.Fatalf("blocked for ever: %+v", m.row)
	}
	if _, in := m.write(t, w); !in {
		t.Fatalf("%s was refused to a lone caller", w.Kind)
	}
}

func TestCallersInAnyInterleavingKeepTheBreakersPromises(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &machine{cfg: config(), now: noon, seen: []broker.Live{{}}, tripped: map[int64]int{}}
		m.cfg.HalfOpenMaxCalls = rapid.IntRange(1, 3).Draw(t, "permits")
		m.cfg.SuccessThreshold = rapid.IntRange(1, 3).Draw(t, "successes")
		m.cfg.FailureThreshold = rapid.IntRange(1, 3).Draw(t, "failures")
		m.cfg.FailureRate, m.cfg.SlowRate = rapid.IntRange(0, 100).Draw(t, "failure rate"), rapid.IntRange(0, 100).Draw(t, "slow rate")
		m.cfg.MinimumCalls, m.cfg.Window, m.cfg.SlowCall = rapid.IntRange(1, 4).Draw(t, "minimum"), time.Minute, 10*time.Second
		t.Repeat(map[string]func(*rapid.T){
			"":      m.check,
			"enter": m.enter,
			"move":  m.move,
			"move ": m.move,
			"die":   m.die,
			"wait": func(t *rapid.T) {
				m.now = m.now.Add(time.Duration(rapid.IntRange(1, 90).Draw(t, "seconds")) * time.Second)
			},
		})
		m.finish(t)
	})
}
