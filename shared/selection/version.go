package selection

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// digest returns the version: SHA-256 over all that decisions and verdicts
// read, every text with its length before it, cut to 128 bits. A stored
// decision holds it, so a change of this layout changes the tag at its
// beginning.
func (s *Snapshot) digest() string {
	d := make(digest, 0, 1024*(1+len(s.facts)))
	d.text("ohfp selection 3")
	d.text(string(s.policy))
	d.flag(s.exploreCreates)
	d.number(int64(len(s.facts)))
	for i := range s.facts {
		d.facts(&s.facts[i])
		d.blocks(s.blocks[i])
	}
	d.sets(s.notEnabled, s.draining, s.weightZero, s.priceless)
	d.numbers(s.weight, s.busy, s.notBefore)
	d.floats(s.price)
	for _, name := range slices.Sorted(maps.Keys(s.capabilities)) {
		d.text(name)
		d.capability(s.capabilities[name])
	}
	for i := range s.classes {
		d.numbers(s.classes[i].admitFrom, s.classes[i].rampUntil)
		for _, response := range s.classes[i].response {
			d.number(int64(response))
		}
	}
	sum := sha256.Sum256(d)
	return hex.EncodeToString(sum[:16])
}

// digest is the text that is hashed.
type digest []byte

func (d *digest) number(n int64) {
	*d = binary.LittleEndian.AppendUint64(*d, uint64(n)) //nolint:gosec // a bit pattern
}

func (d *digest) text(t string) {
	d.number(int64(len(t)))
	*d = append(*d, t...)
}

func (d *digest) time(t time.Time) { d.number(unixNano(t)) }

func (d *digest) numbers(columns ...[]int64) {
	for _, column := range columns {
		for _, n := range column {
			d.number(n)
		}
	}
}

func (d *digest) float(f float64) { d.number(int64(math.Float64bits(f))) } //nolint:gosec // a bit pattern

func (d *digest) floats(column []float64) {
	for _, f := range column {
		d.float(f)
	}
}

// flag tells what is there from what is not.
func (d *digest) flag(there bool) {
	if there {
		d.number(1)
	} else {
		d.number(0)
	}
}

func (d *digest) sets(sets ...set) {
	for _, s := range sets {
		for _, word := range s {
			*d = binary.LittleEndian.AppendUint64(*d, word)
		}
	}
}

func (d *digest) facts(f *facts) {
	d.text(f.name)
	d.text(f.kind)
	d.text(f.zone)
	d.number(int64(f.priority))
	d.number(f.order)
	d.text(string(f.health))
	d.time(f.checkedAt)
	d.time(f.pricedAt)
	d.float(f.fills)
	d.place(&f.place)
	d.number(int64(f.room.Free))
	d.number(int64(f.room.Limit))
	for i := range f.live {
		l := &f.live[i]
		d.text(string(l.state))
		d.number(l.good)
		d.number(l.bad)
		d.time(l.lastCall)
		d.calls(&l.calls)
	}
}

func (d *digest) place(p *broker.Place) {
	d.text(p.Region)
	d.text(p.Geography)
	if d.flag(p.Point != nil); p.Point != nil {
		d.floats([]float64{p.Point.Latitude, p.Point.Longitude})
	}
}

func (d *digest) calls(m *broker.Measured) {
	d.time(m.At)
	d.floats([]float64{m.Successes, m.Calls, m.Delivered, m.Wanted})
	for _, latency := range []*time.Duration{m.Latency, m.Peak} {
		if d.flag(latency != nil); latency != nil {
			d.number(int64(*latency))
		}
	}
	if d.flag(m.Lost != nil); m.Lost != nil {
		d.float(*m.Lost)
	}
}

func (d *digest) blocks(blocks []broker.Block) {
	d.number(int64(len(blocks)))
	for i := range blocks {
		b := &blocks[i]
		d.text(b.Offering)
		d.text(b.Reason)
		d.time(b.FreeFrom())
	}
}

func (d *digest) capability(c *capability) {
	d.sets(c.there)
	d.number(int64(len(c.least)))
	for _, a := range c.least {
		d.number(int64(a.provider))
		d.float(a.value)
	}
	for _, item := range slices.Sorted(maps.Keys(c.holds)) {
		d.text(item)
		d.sets(c.holds[item])
	}
}
