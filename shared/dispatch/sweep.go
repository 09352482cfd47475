package dispatch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/fulfilment"
	"github.com/openhostfactory/ohfp/shared/op"
	"github.com/openhostfactory/ohfp/shared/providers"
)

// Sweep looks at one provider for machines of which the records know nothing,
// and for recorded ones that are gone.
var Sweep = op.Define(op.Spec{
	Name: "sweep", Kind: op.Step, PerKind: true, Timeout: 65 * time.Second,
	Summary: "Look at one provider for machines without a record, and for recorded ones that are gone",
}, Service.sweep)

// SweepInput names the provider.
type SweepInput struct {
	Function        string `json:"function,omitempty" doc:"The function that is called; for the workflow."`
	ProviderName    string `json:"provider_name" doc:"The provider." required:"true"`
	DriverTimeoutMS int64  `json:"driver_timeout_ms,omitempty" doc:"The longest that all driver calls take, in ms." default:"20000" min:"1"`
	TimeoutSeconds  int    `json:"timeout_seconds,omitempty" doc:"The longest task, in seconds; for the workflow."`
}

// Swept is what was done.
type Swept struct {
	ProviderName string `json:"provider_name"`
	Found        int    `json:"found"`
}

// Bounds of one search.
const (
	mostOwned = 10_000 // recorded machines of a provider that are compared
	mostOpen  = 1_000  // open operations that may be ending some
	mostFound = 50     // strays that are told

	mostMissing = 1_000 // machines that are asked about because they are not shown
)

// search is one search in progress.
type search struct {
	Service
	provider broker.Registration
	driver   providers.Driver
	lag      time.Duration
	mode     string // as in [broker.Sweep]
	began    time.Time
	left     int // changes that it may still make
	told     broker.Sweep
}

// sweep may be repeated, and may end anywhere: every change is one that the
// next search finds done or makes again. What it found is recorded, also when it
// could not go on. not_found when the provider is gone.
func (s Service) sweep(ctx context.Context, in SweepInput) (Swept, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(in.DriverTimeoutMS)*time.Millisecond)
	defer cancel()
	q, err := s.search(ctx, in.ProviderName)
	if err != nil {
		return Swept{}, err
	}
	failed := q.run(ctx)
	if failed != nil {
		q.told.Error = explained(failed)
		s.Log.WarnContext(ctx, "looking for machines without a record failed", "provider", in.ProviderName, "error", failed)
	}
	if err := s.Sweeps.RecordSweep(context.WithoutCancel(ctx), in.ProviderName, q.told); err != nil {
		return Swept{}, fmt.Errorf("recording a search at %q: %w", in.ProviderName, err)
	}
	return Swept{ProviderName: in.ProviderName, Found: len(q.told.Found)}, nil
}

func (s Service) search(ctx context.Context, name string) (*search, error) {
	r, err := s.Registrations.Provider(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("reading provider %q: %w", name, err)
	}
	cfg, err := s.Config.StrategyConfig(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	d, err := s.Drivers.Driver(r)
	if err != nil {
		return nil, fmt.Errorf("opening the driver of %q: %w", name, err)
	}
	q := &search{Service: s, provider: r, driver: d, lag: s.Drivers.Traits(r.Kind).ConsistencyLag, mode: cfg.SweepsAs(), began: s.Now()}
	q.told = broker.Sweep{At: q.began, Mode: q.mode}
	return q, nil
}

// explained is why a search could not go on, for whoever reads its record.
func explained(err error) string {
	if p, ok := errors.AsType[*fault.ProviderError](err); ok {
		return p.Message
	}
	return "the broker's records could not be read or written"
}

func (q *search) run(ctx context.Context) error {
	meta, err := q.Meta.Meta(ctx)
	if err != nil {
		return fmt.Errorf("reading the broker's identity: %w", err)
	}
	there, err := safely(ctx, q.Service, func() ([]broker.Machine, error) { return q.driver.List(ctx, meta.ID) })
	if err != nil {
		return err //nolint:wrapcheck // a driver's errors say all
	}
	q.told.Listed, q.left = len(there), fulfilment.SweepLimit(len(there))
	slices.SortFunc(there, func(a, b broker.Machine) int { return strings.Compare(a.ID, b.ID) })
	if err := q.strays(ctx, there); err != nil {
		return err
	}
	return q.gone(ctx, there)
}

// strays looks at machines that are there.
func (q *search) strays(ctx context.Context, there []broker.Machine) error {
	all, err := q.sightings(ctx, there)
	if err != nil {
		return err
	}
	settled := map[string]bool{}
	var end []doomed
	for _, s := range all {
		fate, why := fulfilment.Judge(s, q.mode == broker.SweepAdopts, q.Now())
		switch {
		case fate == "":
			q.told.Recorded++
			continue
		case fate == broker.StrayTerminate && q.may(broker.SweepActs):
			end = append(end, doomed{s.Machine, why})
			continue
		}
		done := false
		if fate == broker.StrayAdopt {
			if done, err = q.adopt(ctx, s, there, settled); err != nil {
				return err
			}
		}
		q.tell(ctx, s.Machine, fate, why, done)
	}
	return q.end(ctx, end)
}

// may reports whether a change of this mode may still be made, and counts it.
func (q *search) may(modes ...string) bool {
	if !slices.Contains(modes, q.mode) {
		return false
	}
	if q.left == 0 {
		q.told.Beyond++
		return false
	}
	q.left--
	return true
}

// sightings are the machines that are there with what is recorded: ledgers
// first, see [fulfilment.Sighting].
func (q *search) sightings(ctx context.Context, there []broker.Machine) ([]fulfilment.Sighting, error) {
	known, err := q.known(ctx, idsOf(there))
	if err != nil {
		return nil, err
	}
	ledgers := map[string]*broker.Ledger{}
	var doubtful []string
	for _, m := range there {
		if k, ok := known[m.ID]; ok && !k.Status.Final() {
			continue
		}
		doubtful = append(doubtful, m.ID)
		if ledgers[m.OperationID], err = q.ledgerOf(ctx, m.OperationID, ledgers); err != nil {
			return nil, err
		}
	}
	again, err := q.known(ctx, doubtful)
	if err != nil {
		return nil, err
	}
	all := make([]fulfilment.Sighting, len(there))
	for i, m := range there {
		all[i] = fulfilment.Sighting{Machine: m, Ledger: ledgers[m.OperationID]}
		if k, ok := known[m.ID]; ok {
			all[i].Record = &k
		}
		if k, ok := again[m.ID]; ok {
			all[i].Record = &k
		}
	}
	return all, nil
}

// ledgerOf reads an operation once; nil: none is kept.
func (q *search) ledgerOf(ctx context.Context, id string, read map[string]*broker.Ledger) (*broker.Ledger, error) {
	if l, ok := read[id]; ok || id == "" {
		return l, nil
	}
	l, err := q.Ledger.Ledger(ctx, id)
	if fault.Is(err, fault.NotFound) {
		return nil, nil //nolint:nilnil // there is none
	}
	if err != nil {
		return nil, fmt.Errorf("reading operation %s: %w", id, err)
	}
	return &l, nil
}

func idsOf(machines []broker.Machine) []string {
	ids := make([]string, len(machines))
	for i := range machines {
		ids[i] = machines[i].ID
	}
	return ids
}

func (q *search) tell(ctx context.Context, m broker.Machine, fate broker.StrayFate, why string, done bool) {
	q.Log.InfoContext(ctx, "a machine is not as it is recorded",
		"provider", q.provider.Name, "machine_id", m.ID, "operation_id", m.OperationID, "fate", fate, "done", done, "reason", why)
	if len(q.told.Found) < mostFound {
		q.told.Found = append(q.told.Found, broker.Stray{
			MachineID: m.ID, Name: m.Name, OperationID: m.OperationID, LaunchTime: broker.Time{Time: m.LaunchTime}, Fate: fate, Reason: why, Done: done,
		})
	}
}
