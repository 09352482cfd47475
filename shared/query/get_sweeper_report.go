package query

import (
	"context"
	"fmt"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/op"
)

// GetSweeperReport shows what the newest searches for machines without a record
// found.
var GetSweeperReport = op.Define(op.Spec{
	Name: "getSweeperReport", Kind: op.Query, Timeout: 10 * time.Second,
	Summary: "Show the machines that are not as they are recorded, by provider",
	Detail: "Each provider is searched once in an interval for machines that carry this broker's tag: those that nobody has " +
		"recorded, and those that are recorded and gone. configureProviderStrategy with sweeper_config says whether they are " +
		"told or also dealt with. None is touched in its first 30 minutes, and at most 5 or 5 % of a provider's in one search.",
	Examples: []op.Example{
		{Title: "All providers", Body: `{}`},
		{Title: "One provider", Body: `{"provider_name": "pool-a"}`},
	},
	Faults: []fault.Code{fault.NotFound},
}, Service.getSweeperReport)

// SweeperReportInput says whose.
type SweeperReportInput struct {
	ProviderName string `json:"provider_name,omitempty" doc:"Only this provider; all when absent." format:"name"`
}

// SweeperReport is the newest search at each provider, by name.
type SweeperReport struct {
	Mode      string               `json:"mode" doc:"What the sweeper does now: report, act; adopt while the broker recovers."`
	Providers map[string]SweepView `json:"providers" doc:"By name."`
}

// SweepView is one search as the API shows it.
type SweepView struct {
	SearchedAt *broker.Time   `json:"searched_at,omitempty" doc:"When it began; absent: none was made yet."`
	NextAt     *broker.Time   `json:"next_at,omitempty" doc:"When the next one is due."`
	Mode       string         `json:"mode,omitempty" doc:"What it did: report, act or adopt."`
	Listed     int            `json:"listed" doc:"Machines there with this broker's tag."`
	Recorded   int            `json:"recorded" doc:"Of these, those that are as they are recorded."`
	Terminated int            `json:"terminated" doc:"Machines that it ended."`
	Adopted    int            `json:"adopted" doc:"Machines that it recorded."`
	Lost       int            `json:"lost" doc:"Recorded machines that were gone."`
	Beyond     int            `json:"beyond_limit" doc:"Changes that it left to the next search, because one makes only so many."`
	Found      []broker.Stray `json:"found" doc:"The machines that are not as they are recorded, at most 50."`
	Error      string         `json:"error,omitempty" doc:"Why it could not be finished."`
}

// getSweeperReport returns not_found for an unknown name.
func (s Service) getSweeperReport(ctx context.Context, in SweeperReportInput) (SweeperReport, error) {
	snap, err := s.registry(ctx)
	if err != nil {
		return SweeperReport{}, err
	}
	out := SweeperReport{Mode: snap.Config.SweepsAs(), Providers: map[string]SweepView{}}
	for i := range snap.Providers {
		p := &snap.Providers[i]
		if in.ProviderName != "" && p.Name != in.ProviderName {
			continue
		}
		sweep, err := s.Sweeps.Sweep(ctx, p.Name)
		if err != nil {
			return SweeperReport{}, fmt.Errorf("reading the search at %q: %w", p.Name, err)
		}
		out.Providers[p.Name] = sweepView(p, &sweep)
	}
	if in.ProviderName != "" && len(out.Providers) == 0 {
		return SweeperReport{}, noProvider(in.ProviderName, &snap)
	}
	return out, nil
}

func sweepView(p *broker.ProviderView, s *broker.Sweep) SweepView {
	return SweepView{
		SearchedAt: broker.AtTime(s.At), NextAt: broker.AtTime(p.NextSweepAt), Mode: s.Mode, Listed: s.Listed, Recorded: s.Recorded,
		Terminated: s.Terminated, Adopted: s.Adopted, Lost: s.Lost, Beyond: s.Beyond, Error: s.Error,
		Found: append([]broker.Stray{}, s.Found...),
	}
}
