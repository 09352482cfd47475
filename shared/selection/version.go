package selection

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"maps"
	"math"
	"slices"
	"time"
)

// hash returns the version: SHA-256 over all that decisions and verdicts read,
// every text with its length before it, cut to 128 bits. A stored decision
// holds it, so a change of this layout changes the tag at its beginning.
func (s *Snapshot) hash() string {
	d := make(digest, 0, 512*(1+len(s.facts)))
	d.text("ohfp selection 1")
	d.text(string(s.policy))
	d.number(int64(len(s.facts)))
	for i := range s.facts {
		d.facts(&s.facts[i])
		d.number(int64(s.response[i]))
		d.number(int64(math.Float64bits(s.price[i]))) //nolint:gosec // a bit pattern
	}
	d.sets(s.notEnabled, s.draining, s.weightZero, s.priceless)
	for _, name := range slices.Sorted(maps.Keys(s.capabilities)) {
		d.text(name)
		d.sets(s.capabilities[name])
	}
	for i := range s.classes {
		d.numbers(s.classes[i].admitFrom)
		d.numbers(s.classes[i].rampUntil)
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

func (d *digest) numbers(column []int64) {
	for _, n := range column {
		d.number(n)
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
	for _, l := range f.live {
		d.text(string(l.state))
		d.number(l.good)
		d.number(l.bad)
		d.time(l.lastCall)
	}
}
