package static

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/providers"
	"github.com/openhostfactory/ohfp/shared/providers/config"
)

// atOnce is how many hosts are dialled or leased at the same time.
const atOnce = 32

// Create leases up to spec.Count hosts that match the template and are up,
// cheapest first. What the token holds already counts, and so does every
// machine that was ever recorded for it: a token never makes more than its
// count.
//
// Errors and shortfalls: CAPACITY when too few matching hosts are free; DOWN
// when there are hosts to take and none is up, or none was in time;
// OFFERING_CONFIG when no host is of that kind, a named file or command is
// missing, or an address may not be called; SERVER, not sent, when
// lease_command failed; REFUSED when the broker's records cannot be read;
// SERVER, TIMEOUT or CANCELLED, sent, when a lease may have been written.
func (d *Driver) Create(ctx context.Context, spec broker.CreateSpec) (providers.CreateResult, error) {
	if spec.Token == "" || spec.Count < 1 {
		return providers.CreateResult{}, &fault.ProviderError{Class: fault.Validation, Code: "spec", Message: "a creation needs a token and a count above 0"}
	}
	if err := ctx.Err(); err != nil {
		return providers.CreateResult{}, (&reasons{late: err}).list(spec.Count, 0)[0]
	}
	release, err := d.opener.tokens.hold(ctx, d.pool+"/"+spec.Token)
	if err != nil {
		return providers.CreateResult{}, unknown(ctx, "an earlier call with this token has not ended", err)
	}
	defer release()
	c, err := d.begin(ctx, spec)
	if err != nil {
		return providers.CreateResult{}, err
	}
	if err := c.fill(ctx); err != nil {
		return providers.CreateResult{}, err
	}
	return c.result()
}

// Poll answers like Find: nothing is ever left pending.
func (d *Driver) Poll(ctx context.Context, spec broker.CreateSpec, _ json.RawMessage) (providers.CreateResult, error) {
	machines, err := d.Find(ctx, spec)
	return providers.CreateResult{Machines: machines}, err
}

// creation is one call of Create under way.
type creation struct {
	*Driver
	spec       broker.CreateSpec
	book       book
	byName     map[string]*config.Host
	candidates []config.Host // to try, in order
	machines   []broker.Machine
	reasons    reasons
}

// begin reads what there is and what the token has already.
func (d *Driver) begin(ctx context.Context, spec broker.CreateSpec) (*creation, error) {
	if err := d.commandsThere(); err != nil {
		return nil, err
	}
	hosts, err := d.hosts()
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(hosts))
	for i, h := range hosts {
		ids[i] = machineID(spec.Token, h.Name)
	}
	b, err := d.readBook(ctx, d.Now(), ids...)
	if err != nil {
		return nil, err
	}
	c := &creation{Driver: d, spec: spec, book: b, byName: byName(hosts)}
	if err := c.resume(ctx); err != nil {
		return nil, err
	}
	c.choose(hosts)
	return c, nil
}

// resume finds what the token has made: leases that are machines, and records
// of machines that have ended or lost their lease, which are not made a second
// time.
func (c *creation) resume(ctx context.Context) error {
	var held []broker.Lease
	for _, l := range c.book.leases {
		if l.Token != c.spec.Token || !isMachine(l.MachineID) || c.book.records[l.MachineID].Status.Final() {
			continue
		}
		got, err := c.renew(ctx, l)
		if err != nil {
			return err
		}
		if got {
			held = append(held, l)
		}
	}
	c.machines = append(c.describe(ctx, held, named{hosts: c.byName}), c.over()...)
	return nil
}

// over returns the recorded machines of the token that are no more.
func (c *creation) over() []broker.Machine {
	var list []broker.Machine
	for name := range c.byName {
		m, known := c.book.records[machineID(c.spec.Token, name)]
		leased := c.book.leases[name].MachineID == m.ID
		if known && (!leased || m.Status.Final()) {
			list = append(list, c.absent(m.ID, c.book.records))
		}
	}
	return list
}

// choose lists the hosts to try: first those whose preparation for this token
// was cut off, then the free ones that match.
func (c *creation) choose(hosts []config.Host) {
	c.reasons.hosts = len(hosts)
	var free []config.Host
	for _, h := range c.matching(hosts, c.spec.Template.Attributes) {
		id := machineID(c.spec.Token, h.Name)
		_, recorded := c.book.records[id]
		l := c.book.leases[h.Name]
		switch {
		case recorded || l.MachineID == id: // made already
		case l.Token == c.spec.Token && l.Token != "":
			c.candidates = append(c.candidates, h)
		case c.book.free(h.Name, c.Now()):
			free = append(free, h)
		default:
			c.reasons.leased++
		}
		c.reasons.matching++
	}
	c.candidates = append(c.candidates, free...)
	if c.reasons.matching == 0 {
		c.reasons.ruledOut = c.nobodys(hosts, c.spec.Template.Attributes)
	}
}

// need is what of the count is left, in machines or units.
func (c *creation) need() int { return c.spec.Count - c.spec.Worth(c.machines) }

// enough is how many hosts, from the first, are worth so much; all when they
// are not.
func (c *creation) enough(hosts []config.Host, need int) int {
	if !c.spec.InUnits {
		return min(need, len(hosts))
	}
	n := 0
	for ; n < len(hosts) && need > 0; n++ {
		need -= c.spec.Template.UnitsOf(typeOf(&hosts[n]))
	}
	return n
}

// fill tries candidates in rounds, so that a large pool is not dialled for two
// machines, until the wish is met. A round that brings nothing makes the next
// one larger.
func (c *creation) fill(ctx context.Context) error {
	size := c.need()
	for c.need() > 0 && len(c.candidates) > 0 && ctx.Err() == nil {
		n := c.enough(c.candidates, size)
		if err := c.round(ctx, c.candidates[:n]); err != nil {
			return err
		}
		c.candidates = c.candidates[n:]
		size = max(c.need(), min(2*size, atOnce))
	}
	if c.need() > 0 {
		c.reasons.late = ctx.Err()
	}
	return nil
}

// try is what came of one candidate.
type try struct {
	host config.Host
	answer
	claim
}

// round dials hosts and leases those that are up. When all of them are wanted,
// each is leased as soon as it answers: slow ones cost nothing that others
// have. Otherwise all are heard first, and the first in order win. The error
// says that it is not known whether a host was leased.
func (c *creation) round(ctx context.Context, hosts []config.Host) error {
	tries := make([]try, len(hosts))
	all := c.enough(hosts, c.need()) == len(hosts)
	each(len(hosts), func(i int) {
		tries[i] = try{host: hosts[i], answer: c.check(ctx, hosts[i])}
		if all && tries[i].up {
			tries[i].claim = c.claim(ctx, hosts[i])
		}
	})
	var up []try
	for _, t := range tries {
		if t.up {
			up = append(up, t)
		} else {
			c.reasons.notUp(t.host.Name, t.answer)
		}
	}
	if all {
		return c.keep(ctx, up)
	}
	for c.need() > 0 && len(up) > 0 {
		next := up[:c.enough(hostsOf(up), c.need())]
		each(len(next), func(i int) { next[i].claim = c.claim(ctx, next[i].host) })
		if err := c.keep(ctx, next); err != nil {
			return err
		}
		up = up[len(next):]
	}
	return nil
}

func hostsOf(tries []try) []config.Host {
	hosts := make([]config.Host, len(tries))
	for i := range tries {
		hosts[i] = tries[i].host
	}
	return hosts
}

// keep turns claims into machines or reasons.
func (c *creation) keep(ctx context.Context, tries []try) error {
	for _, t := range tries {
		switch {
		case t.err != nil:
			return t.err
		case t.failure != nil:
			c.reasons.failed = append(c.reasons.failed, t.failure)
		case t.late: // reasons.late says it
		case t.lost:
			c.reasons.lost++
		default:
			if !t.addr.IsValid() {
				t.addr = c.address(ctx, &t.host)
			}
			c.machines = append(c.machines, c.machine(t.lease, &t.host, t.addr, c.Now()))
		}
	}
	return nil
}

func (c *creation) result() (providers.CreateResult, error) {
	slices.SortFunc(c.machines, func(a, b broker.Machine) int { return cmp.Compare(a.Name, b.Name) })
	var short []error
	if c.need() > 0 {
		c.reasons.made = len(c.machines)
		short = c.reasons.list(c.spec.Count, c.spec.Worth(c.machines))
	}
	if len(c.machines) == 0 {
		return providers.CreateResult{}, short[0]
	}
	return providers.CreateResult{Machines: c.machines, Shortfall: short}, nil
}
