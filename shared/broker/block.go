package broker

import (
	"time"

	"github.com/openhostfactory/ohfp/shared/fault"
)

// BlockKey names what a provider may be out of: one of its offerings, or a
// template that cannot be made there.
type BlockKey struct {
	Provider string
	Offering string
}

// Block is an offering that a provider is out of, or a template that does not
// work there. Until then a provider is left out if all that a request could
// use there is blocked; after it one caller at a time tries, by a permit that
// expires: a prober that died blocks nobody. Its zero value blocks nothing. It
// is changed by [BlockWrite] only.
type Block struct {
	Offering string    `json:"offering"` // "": all of the provider's
	Until    time.Time `json:"until"`
	Reason   string    `json:"reason"` // the error class
	Code     string    `json:"code,omitempty"`
	Message  string    `json:"message,omitempty"`
	Since    time.Time `json:"since,omitzero"`  // when the call that found it began
	Opens    int       `json:"opens,omitempty"` // findings in a row: each doubles the time
	Probe    *Permit   `json:"probe,omitempty"`
	Order    int64     `json:"order,omitempty"`   // of the registration that it was found at
	Version  int64     `json:"version,omitempty"` // likewise
}

// blockKept is how long a block whose time is over still asks for a prober and
// is remembered by the next one. Then what was known is too old to go by.
const blockKept = 30 * time.Minute

// FreeFrom is when the next caller may try: when its time is over, and whoever
// tries now has answered or should have.
func (b *Block) FreeFrom() time.Time {
	if b.Probe != nil && b.Probe.Expires.After(b.Until) {
		return b.Probe.Expires
	}
	return b.Until
}

// ExpiresAt is when the block says nothing any more.
func (b *Block) ExpiresAt() time.Time {
	if b.Since.After(b.Until) { // cleared
		return b.Since.Add(blockKept)
	}
	return b.Until.Add(blockKept)
}

// At returns what is left of the block at now: of one that has expired, its
// name, whether its row is still there or not.
func (b Block) At(now time.Time) Block {
	if !b.ExpiresAt().After(now) {
		return Block{Offering: b.Offering}
	}
	return b
}

// Stands reports whether the block says something at now of a provider as it
// is registered, to whom machines last came back at returned. What it is short
// of it may have again after that; what does not fit it does not fit still.
func (b *Block) Stands(r *ProviderView, returned, now time.Time) bool {
	switch {
	case b.Until.IsZero() || !now.Before(b.ExpiresAt()):
		return false
	case b.Order != r.Order || b.Version != r.Version:
		return false
	}
	return b.Reason == string(fault.OfferingConfig) || returned.Before(b.Since)
}

// BlockKind is one of the ways in which a block changes.
type BlockKind string

// The kinds, each one conditional write.
const (
	BlockDeny    BlockKind = "deny"    // unless it blocks already, or the permit is mine: the provider is out of it
	BlockProbe   BlockKind = "probe"   // if Until has passed and the permit is free or expired; where nothing is blocked, none is taken
	BlockRelease BlockKind = "release" // if the permit is mine: the try ended and said nothing
	BlockClear   BlockKind = "clear"   // if the permit is mine, or the block was there when the call began: it is not out of it
)

// BlockWrite is one conditional change of a block. Which fields count depends
// on Kind.
type BlockWrite struct {
	Kind    BlockKind
	Now     time.Time
	Attempt string        // names the call
	Began   time.Time     // when the call began: deny, clear
	Expires time.Time     // end of the permit: probe
	Reason  string        // deny, with Code and Message
	Code    string        // of the vendor
	Message string        // for people
	Wait    time.Duration // after the first finding; twice that after each in a row: deny
	Longest time.Duration // at most: deny
	Order   int64         // of the registration: deny
	Version int64         // likewise
}

// Apply returns b after w, and whether w's condition held; when it did not, b
// comes back as it is at w.Now, which is nothing once it has expired: its row
// may be deleted or not. It is the meaning of each kind, which a store carries
// out as one conditional write.
func (w BlockWrite) Apply(b Block) (Block, bool) {
	if !w.Now.Before(b.ExpiresAt()) {
		b = Block{Offering: b.Offering}
	}
	switch w.Kind {
	case BlockDeny:
		return w.deny(b)
	case BlockProbe:
		return w.probe(b)
	case BlockRelease:
		if !w.mine(&b) {
			return b, false
		}
		b.Probe = nil
		return b, true
	case BlockClear:
		if b.Until.IsZero() || !w.mine(&b) && b.Since.After(w.Began) {
			return b, false
		}
		return Block{Offering: b.Offering, Since: w.Now, Probe: w.others(&b)}, true
	}
	return b, false
}

// Writes reports whether after, which w made of before, is to be stored.
func (w BlockWrite) Writes(before, after Block) bool {
	return w.Kind != BlockProbe || before.Probe != after.Probe
}

// mine reports whether the call of w holds the permit.
func (w BlockWrite) mine(b *Block) bool { return b.Probe != nil && b.Probe.Attempt == w.Attempt }

// others is the permit, if another call holds it: that one goes on trying.
func (w BlockWrite) others(b *Block) *Permit {
	if w.mine(b) {
		return nil
	}
	return b.Probe
}

// gone reports whether b is nothing to go by for w.
func (w BlockWrite) gone(b *Block) bool {
	return b.Until.IsZero() || !w.Now.Before(b.ExpiresAt()) || b.Order != w.Order || b.Version != w.Version
}

// deny counts findings that follow one another. A call that began while it was
// blocked, or while another tried, tells nothing new.
func (w BlockWrite) deny(b Block) (Block, bool) {
	opens := b.Opens
	switch {
	case w.gone(&b):
		opens = 0
	case b.Reason != w.Reason && w.Began.After(b.Since): // short of it in another way, whose times are others
		opens = 0
	case !w.mine(&b) && w.Began.Before(b.FreeFrom()):
		return b, false
	}
	return Block{
		Offering: b.Offering, Probe: w.others(&b), Until: w.Now.Add(w.wait(opens)), Reason: w.Reason, Code: w.Code, Message: w.Message,
		Since: w.Began, Opens: opens + 1, Order: w.Order, Version: w.Version,
	}, true
}

// wait is Wait, doubled for each finding before, at most Longest.
func (w BlockWrite) wait(before int) time.Duration {
	d := w.Wait
	for range before {
		if d >= w.Longest/2 {
			return max(w.Wait, w.Longest)
		}
		d *= 2
	}
	return d
}

func (w BlockWrite) probe(b Block) (Block, bool) {
	if b.Until.IsZero() || w.mine(&b) {
		return b, true
	}
	if w.Now.Before(b.FreeFrom()) {
		return b, false
	}
	b.Probe = &Permit{Attempt: w.Attempt, Expires: w.Expires}
	return b, true
}

// Attach puts what is stored beside a registration into what selection reads
// of it at now: its live rows by class, and those of the blocks that stand.
func (v *ProviderView) Attach(live map[string]Live, blocks []Block, now time.Time) {
	if len(live) > 0 {
		v.Live = live
	}
	for _, l := range live {
		if l.NotBefore.After(v.NotBefore) {
			v.NotBefore = l.NotBefore
		}
	}
	for i := range blocks {
		if blocks[i].Stands(v, live[ClassMutate].ReturnedAt, now) {
			v.Blocks = append(v.Blocks, blocks[i])
		}
	}
}
