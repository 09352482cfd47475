package static_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/providers"
	"github.com/openhostfactory/ohfp/shared/providers/providertest/statictest"
	"github.com/openhostfactory/ohfp/shared/providers/static"
)

// crowd is several processes that use one pool, with what their callers know.
type crowd struct {
	hosts     int
	clock     *statictest.Clock
	book      *statictest.Faulty
	records   *statictest.Records
	processes []providers.Driver
	counts    map[int]int                       // of each token: asked for
	live      map[int]map[string]broker.Machine // of each token, by id: reported and not returned
	returning map[int][]broker.Machine          // of each token: asked to be returned, and not said to be
	ended     map[string]bool                   // ids that were asked to be returned
	mu        sync.Mutex
}

func newCrowd(t *rapid.T) *crowd {
	c := &crowd{
		hosts: rapid.IntRange(1, 8).Draw(t, "hosts"), clock: &statictest.Clock{}, records: &statictest.Records{},
		book: &statictest.Faulty{LeaseBook: &statictest.Book{}}, counts: map[int]int{},
		live: map[int]map[string]broker.Machine{}, returning: map[int][]broker.Machine{}, ended: map[string]bool{},
	}
	c.clock.Advance(1000 * time.Hour)
	text := `{"check":{"kind":"none"},"lease_seconds":60,"hosts":[`
	for i := range c.hosts {
		if i > 0 {
			text += ","
		}
		text += fmt.Sprintf(`{"name":"h%d","address":"127.0.0.1"}`, i)
	}
	for range 3 {
		o, err := static.New(static.Options{Leases: c.book, Machines: c.records, Now: c.clock.Now})
		if err != nil {
			t.Fatal(err)
		}
		d, err := o.Open(broker.Registration{Name: "pool", Kind: "static", Config: []byte(text + "]}")})
		if err != nil {
			t.Fatal(err)
		}
		c.processes = append(c.processes, d)
	}
	return c
}

// meet fixes the count of a token when it is new.
func (c *crowd) meet(token, count int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.counts[token] == 0 {
		c.counts[token], c.live[token] = count, map[string]broker.Machine{}
	}
}

// create makes, or asks again for, what a token is to have. Calls with one
// token go to one process, as the ledger's fences have it.
func (c *crowd) create(t *rapid.T, process, token int) {
	c.mu.Lock()
	count := c.counts[token]
	c.mu.Unlock()
	r, err := c.processes[process].Create(t.Context(), wish(token, count))
	if err != nil {
		p := fault.AsProvider(err)
		if p.Class != fault.Capacity && !p.Ambiguous() {
			t.Errorf("token %d: %v", token, err)
		}
		return
	}
	if len(r.Machines) > count {
		t.Errorf("token %d: %d machines for a count of %d", token, len(r.Machines), count)
	}
	c.reported(t, token, r.Machines)
}

func (c *crowd) reported(t *rapid.T, token int, machines []broker.Machine) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range machines {
		if m.Status.Final() {
			continue
		}
		if c.ended[m.ID] && !c.stillReturning(token, m.ID) {
			t.Errorf("token %d: machine %s was returned and is %s again", token, m.ID, m.Status)
		}
		if c.ended[m.ID] {
			continue
		}
		c.live[token][m.ID] = m
		c.records.Record(m)
	}
}

func (c *crowd) stillReturning(token int, id string) bool {
	return slices.ContainsFunc(c.returning[token], func(m broker.Machine) bool { return m.ID == id })
}

// terminate returns the machines of a token. From then on the caller counts on
// none of them, whatever the answer, and asks again for those that are not
// said to be terminated.
func (c *crowd) terminate(t *rapid.T, process, token int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var ids []string
	for id, m := range c.live[token] {
		m.Status = broker.MachineStopping
		c.records.Record(m)
		c.returning[token] = append(c.returning[token], m)
		delete(c.live[token], id)
		c.ended[id] = true
	}
	for _, m := range c.returning[token] {
		ids = append(ids, m.ID)
	}
	results, err := c.processes[process].Terminate(t.Context(), ids)
	if err != nil {
		t.Errorf("terminating: %v", err)
	}
	var left []broker.Machine
	for i, m := range c.returning[token] {
		if !results[i].Terminated {
			left = append(left, m)
			continue
		}
		m.Status = broker.MachineTerminated
		c.records.Record(m)
	}
	c.returning[token] = left
}

// check holds the pool against what callers know.
func (c *crowd) check(t *rapid.T) {
	leases, err := c.book.LeaseBook.Leases(t.Context(), "pool")
	if err != nil {
		t.Fatal(err)
	}
	holder, perToken := map[string]string{}, map[string]int{}
	for _, l := range leases {
		holder[l.Host] = l.MachineID
		perToken[l.Token]++
	}
	onHost := map[string]string{}
	for token, machines := range c.live {
		if n := perToken[wish(token, 1).Token]; n > c.counts[token] {
			t.Errorf("token %d holds %d leases for a count of %d", token, n, c.counts[token])
		}
		for id, m := range machines {
			if other, taken := onHost[m.Name]; taken {
				t.Errorf("host %s is in machines %s and %s", m.Name, other, id)
			}
			onHost[m.Name] = id
			if holder[m.Name] != id {
				t.Errorf("machine %s lost the lease of %s to %q", id, m.Name, holder[m.Name])
			}
		}
	}
}

// However creations, replays and returns of several callers interleave, with
// answers lost and time passing: no host is in two machines, no reported
// machine loses its lease, no token has more than its count, and no id comes
// back.
func TestPool_keeps_its_promises_under_any_interleaving(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := newCrowd(t)
		for range rapid.IntRange(1, 12).Draw(t, "rounds") {
			c.round(t)
			c.check(t)
		}
	})
}

// round runs some calls at once, and after that nothing is under way.
func (c *crowd) round(t *rapid.T) {
	c.clock.Advance(time.Duration(rapid.IntRange(0, 45).Draw(t, "seconds")) * time.Second)
	var k statictest.Knobs
	if rapid.Bool().Draw(t, "lossy") {
		k.LoseFrom = rapid.IntRange(1, 4).Draw(t, "from")
		k.LoseDrops = rapid.Bool().Draw(t, "drops")
	}
	c.book.Turn(k)
	busy := map[int]int{} // token → the process that has it in this round
	var wg sync.WaitGroup
	for range rapid.IntRange(1, 5).Draw(t, "calls") {
		token := rapid.IntRange(1, 5).Draw(t, "token")
		process, ok := busy[token]
		if !ok {
			process = rapid.IntRange(0, 2).Draw(t, "process")
			busy[token] = process
		}
		c.meet(token, rapid.IntRange(1, 4).Draw(t, "count"))
		if rapid.IntRange(0, 3).Draw(t, "what") == 0 {
			wg.Wait() // a machine is returned when its creation has been recorded
			c.terminate(t, process, token)
			continue
		}
		wg.Go(func() { c.create(t, process, token) })
	}
	wg.Wait()
}
