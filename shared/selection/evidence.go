package selection

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// Rules is the version of what decides: one more whenever the same evidence
// would lead to another decision. Stored decisions of each version are kept in
// testdata, and say when that is.
const Rules = 1

// maxEvidence bounds evidence, in bytes: some hundred providers. Stores
// compress it to a fifth or less.
const maxEvidence = 27 << 10

// evidence is what a decision read beside what [broker.Decision] says: a form
// of its own, so that what was stored can be read whatever becomes of the types
// of the broker. Short names and what is not there take no room.
type evidence struct {
	Rules     int                               `json:"rules"`
	Operation broker.OperationType              `json:"op"`
	Override  string                            `json:"override,omitempty"`
	Fallbacks []string                          `json:"fallbacks,omitempty"`
	Drivers   map[string][]broker.OperationType `json:"drivers"`
	Lacks     map[string]string                 `json:"lacks,omitempty"`     // of the template, by provider
	Offers    map[string][]string               `json:"offers,omitempty"`    // that would do, by provider
	Templates map[string]string                 `json:"templates,omitempty"` // by provider: only those that a block names
	TakenAt   time.Time                         `json:"taken"`
	Policy    broker.Policy                     `json:"policy,omitempty"` // the configuration's
	Explore   bool                              `json:"explore,omitempty"`
	Unguarded bool                              `json:"unguarded,omitempty"` // breakers are configured off
	Permits   int                               `json:"permits"`             // of a half-open breaker
	Read      int                               `json:"read"`                // how many providers were read
	Providers []known                           `json:"providers"`           // fewer: there were too many to keep
}

// known is a provider as it was known.
type known struct {
	Name      string             `json:"name"`
	Kind      string             `json:"kind"`
	Zone      string             `json:"zone,omitempty"`
	Place     broker.Place       `json:"place,omitzero"`
	Priority  int                `json:"pri,omitempty"`
	Order     int64              `json:"ord,omitempty"`
	Weight    int                `json:"w"`
	Disabled  bool               `json:"off,omitempty"`
	Draining  bool               `json:"drain,omitempty"`
	Price     *float64           `json:"price,omitempty"`
	PricedAt  time.Time          `json:"priced,omitzero"`
	Fills     float64            `json:"fills,omitempty"` // units; 0: the wish counted machines
	Offers    map[string]any     `json:"caps,omitempty"`
	Health    broker.HealthState `json:"health"`
	CheckedAt time.Time          `json:"checked,omitzero"`
	Response  time.Duration      `json:"ms,omitempty"`
	NotBefore time.Time          `json:"not_before,omitzero"`
	Room      *broker.Room       `json:"room,omitempty"`
	Blocks    []broker.Block     `json:"blocks,omitempty"`
	Busy      int64              `json:"busy,omitempty"` // calls in flight, of both classes
	// Of the class that was read:
	State     broker.BreakerState `json:"s,omitempty"`
	OpenUntil time.Time           `json:"until,omitzero"`
	ClosedAt  time.Time           `json:"closed,omitzero"`
	Permits   []time.Time         `json:"permits,omitempty"` // when they expire
	Last      []int64             `json:"last,omitempty"`    // slot of the newest calls; good and bad of the last minute
	Calls     *measured           `json:"calls,omitempty"`
}

// measured is [broker.Measured].
type measured struct {
	At        time.Time      `json:"at,omitzero"`
	Successes float64        `json:"good,omitempty"`
	Calls     float64        `json:"of,omitempty"`
	Latency   *time.Duration `json:"lat,omitempty"`
	Peak      *time.Duration `json:"peak,omitempty"`
	Delivered float64        `json:"made,omitempty"`
	Wanted    float64        `json:"want,omitempty"`
	Lost      *float64       `json:"lost,omitempty"`
}

// Evidence returns what is to be stored with r's decision so that [Replay] can
// take it again: what r read of s, the snapshot that its query was made of.
// When that would be too much, it holds those who were ranked, and says how
// many were read: a part of it shows, but proves nothing. Nil when s holds what
// JSON cannot say.
func Evidence(s *broker.Snapshot, r *Result) json.RawMessage {
	e := r.evidence(s)
	doc, err := json.Marshal(e)
	if err == nil && len(doc) > maxEvidence {
		ranked := r.Ranked()
		e.keep(func(name string) bool { return slices.Contains(ranked, name) })
		doc, err = json.Marshal(e)
	}
	if err != nil || len(doc) > maxEvidence {
		return nil
	}
	return doc
}

func (r *Result) evidence(s *broker.Snapshot) *evidence {
	q := &r.in.Query.request
	e := &evidence{
		Rules: Rules, Operation: q.Operation, Override: q.Override, Fallbacks: q.Fallbacks, Drivers: q.Drivers,
		Lacks: q.Incomplete, Offers: q.Offerings, Templates: q.blockedTemplates(s), TakenAt: s.TakenAt, Policy: s.Config.DefaultPolicy, Explore: s.Config.ExploreCreates,
		Unguarded: !s.Config.Breaker.Enabled, Permits: s.Config.Breaker.HalfOpenMaxCalls, Read: len(s.Providers),
	}
	n := r.needs()
	for i := range s.Providers {
		e.Providers = append(e.Providers, n.of(&s.Providers[i], r.in.Query.snapshot))
	}
	return e
}

// blockedTemplates are the names of the template under which it is blocked: of
// the others nothing is read.
func (r *Request) blockedTemplates(s *broker.Snapshot) map[string]string {
	names := map[string]string{}
	for i := range s.Providers {
		v := &s.Providers[i]
		name, named := r.Templates[v.Name]
		if named && slices.ContainsFunc(v.Blocks, func(b broker.Block) bool { return b.Offering == name }) {
			names[v.Name] = name
		}
	}
	return names
}

// keep leaves out the providers that are not kept.
func (e *evidence) keep(kept func(name string) bool) {
	e.Providers = slices.DeleteFunc(e.Providers, func(k known) bool { return !kept(k.Name) })
	lacks, offers := map[string]string{}, map[string][]string{}
	for _, p := range e.Providers {
		if why, ok := e.Lacks[p.Name]; ok {
			lacks[p.Name] = why
		}
		if of, ok := e.Offers[p.Name]; ok {
			offers[p.Name] = of
		}
	}
	e.Lacks, e.Offers = lacks, offers
	maps.DeleteFunc(e.Templates, func(name, _ string) bool { return !kept(name) })
}

// snapshot is the snapshot that e was made of, as far as decisions read it.
func (e *evidence) snapshot() broker.Snapshot {
	s := broker.Snapshot{TakenAt: e.TakenAt, Config: broker.StrategyConfig{
		DefaultPolicy: e.Policy, ExploreCreates: e.Explore,
		Breaker: broker.BreakerConfig{Enabled: !e.Unguarded, HalfOpenMaxCalls: e.Permits},
	}}
	for i := range e.Providers {
		s.Providers = append(s.Providers, e.Providers[i].view(e.Operation.BreakerClass(), e.TakenAt))
	}
	return s
}

func (k *known) view(class string, taken time.Time) broker.ProviderView {
	v := broker.ProviderView{
		Name: k.Name, Kind: k.Kind, Zone: k.Zone, Place: k.Place, Priority: k.Priority, Order: k.Order, Weight: k.Weight,
		Enabled: !k.Disabled, Draining: k.Draining, PricePerHour: k.Price, PricedAt: k.PricedAt, Fills: k.Fills, Capabilities: k.Offers,
		Health:    broker.Health{State: k.Health, CheckedAt: k.CheckedAt, ResponseTime: k.Response},
		NotBefore: k.NotBefore, Room: k.Room, Blocks: k.Blocks,
		Live: map[string]broker.Live{class: k.live(taken)},
	}
	if k.Calls != nil {
		v.Measured = map[string]broker.Measured{class: k.Calls.whole()}
	}
	return v
}

// whole is what decisions read of what was measured.
func (m *measured) whole() broker.Measured {
	return broker.Measured{
		At: m.At, Successes: m.Successes, Calls: m.Calls, Latency: m.Latency, Peak: m.Peak,
		Delivered: m.Delivered, Wanted: m.Wanted, Lost: m.Lost,
	}
}

func (k *known) live(taken time.Time) broker.Live {
	l := broker.Live{State: k.State, OpenUntil: k.OpenUntil, ClosedAt: k.ClosedAt}
	if k.Busy > 0 {
		l.InFlight = map[int64]int64{taken.Unix() / 60: k.Busy}
	}
	for _, expires := range k.Permits {
		l.Permits = append(l.Permits, broker.Permit{Expires: expires})
	}
	switch last := k.Last; {
	case len(last) == 1: // before the last minute: that there was one is all that is read
		l.Ring[0] = broker.Bucket{Slot: last[0], Good: 1}
	case len(last) == 3:
		l.Ring[0] = broker.Bucket{Slot: last[0], Good: last[1], Bad: last[2]}
	}
	return l
}

// parseEvidence reads what [Evidence] wrote.
func parseEvidence(doc json.RawMessage) (*evidence, error) {
	e := &evidence{}
	if err := json.Unmarshal(doc, e); err != nil {
		return nil, fmt.Errorf("reading the evidence of a decision: %w", err)
	}
	return e, nil
}
