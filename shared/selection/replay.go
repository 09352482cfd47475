package selection

import (
	"errors"
	"slices"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// ErrNoEvidence says that a decision cannot be taken again: it was stored
// without what it read.
var ErrNoEvidence = errors.New("what the decision read was not kept")

// Replayed is a decision that was taken again.
type Replayed struct {
	Decision broker.Decision // without evidence
	Reason   string          // why the first was picked; "": nobody was
	Rules    int             // version of the rules that decided then; now it is [Rules]
	Read     int             // how many providers were read then
	Kept     int             // how many of them were kept: when fewer, the decision cannot be the same by right
}

// Whole reports whether all that was read was kept.
func (r *Replayed) Whole() bool { return r.Kept == r.Read }

// Replay takes a stored decision again, by the rules of now and what was read
// then. It returns ErrNoEvidence, or an error of evidence that cannot be read.
func Replay(d *broker.Decision) (Replayed, error) {
	if len(d.Evidence) == 0 {
		return Replayed{}, ErrNoEvidence
	}
	e, err := parseEvidence(d.Evidence)
	if err != nil {
		return Replayed{}, err
	}
	if d.Ticket < 0 || !e.sane() {
		return Replayed{}, errMalformed
	}
	s := e.snapshot()
	var r Result
	Select(&r, Input{
		Query: Compile(&s).Prepare(Request{
			Operation: e.Operation, Criteria: d.Criteria, Override: e.Override, Fallbacks: e.Fallbacks,
			Drivers: e.Drivers, Incomplete: e.Lacks, Offerings: e.Offers, Templates: e.Templates, Origin: d.Origin,
		}),
		Policy: d.Policy, Ticket: d.Ticket, Seed: d.Seed, AffinityKey: d.AffinityKey, Now: d.TakenAt,
	})
	again := r.Decision()
	again.Snapshot = d.Snapshot // what was not read is not kept, and is in the version
	out := Replayed{Decision: again, Rules: e.Rules, Read: e.Read, Kept: len(e.Providers)}
	if r.Eligible() > 0 {
		out.Reason = r.Reason()
	}
	return out, nil
}

var errMalformed = errors.New("the evidence of the decision is not one that a broker has written")

// sane reports whether e is within the bounds that registrations have: what is
// replayed may come from a file.
func (e *evidence) sane() bool {
	const mostWeight, mostRead, mostUnits = 1000, 100_000, 1000
	beyond := func(k known) bool { return k.Weight < 0 || k.Weight > mostWeight || k.Fills < 0 || k.Fills > mostUnits }
	return len(e.Providers) <= e.Read && e.Read <= mostRead && !slices.ContainsFunc(e.Providers, beyond)
}
