package query

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/hostfactory"
	"github.com/openhostfactory/ohfp/shared/op"
)

// GetReturnRequests lists machines that their providers take back.
var GetReturnRequests = op.Define(op.Spec{
	Name: "getReturnRequests", Kind: op.Query, MaxBody: 4 << 20,
	Summary: "List machines that their providers take back or have lost",
	Detail: "Of the machines that are named and went within eight days, or of all that the instance was given and that went within a day. " +
		"What was returned through this broker is not listed, and no machine is taken for gone because nobody could look.",
	Examples: []op.Example{{Title: "All"}, {Title: "Of one machine", Body: `{"machines": [{"name": "node-1"}]}`}},
}, Service.getReturnRequests)

// ReturnRequestsInput says of which machines.
type ReturnRequestsInput struct {
	Machines     []hostfactory.Host `json:"machines,omitempty" doc:"Only these, and none of an empty list; all of the instance when absent."`
	HostProvider string             `json:"host_provider,omitempty" doc:"The scheduler's provider instance that asks." format:"name"`
}

// getReturnRequests reads one list, however many machines are named.
func (s Service) getReturnRequests(ctx context.Context, in ReturnRequestsInput) (hostfactory.Reclaims, error) {
	now := s.Now()
	within := broker.ReclaimedForNamed
	if in.Machines == nil {
		within = broker.ReclaimedFor
	}
	all, err := s.Requests.Reclaims(ctx, now.Add(-within))
	if err != nil {
		return hostfactory.Reclaims{}, fmt.Errorf("reading what providers take back: %w", err)
	}
	out := hostfactory.Reclaims{Status: hostfactory.Complete, Requests: []hostfactory.Reclaim{}}
	if in.Machines == nil {
		for _, r := range all {
			if in.HostProvider == "" || r.Instance == in.HostProvider {
				out.Requests = append(out.Requests, reclaim(r, r.Name, now))
			}
		}
	} else if out.Requests, err = s.reclaimed(ctx, in.Machines, all); err != nil {
		return hostfactory.Reclaims{}, err
	}
	out.Message = fmt.Sprintf("Taken back by their providers: %d.", len(out.Requests))
	return out, nil
}

func reclaim(r broker.Reclaim, name string, now time.Time) hostfactory.Reclaim {
	left := max(0, r.At.Sub(now))
	return hostfactory.Reclaim{Machine: name, MachineID: r.MachineID, GracePeriod: int64(left / time.Second)}
}

// reclaimed picks what is said of the machines that are named. An id decides;
// a name alone may have passed on to another machine since.
func (s Service) reclaimed(ctx context.Context, named []hostfactory.Host, all []broker.Reclaim) ([]hostfactory.Reclaim, error) {
	byID, byName := indexed(all)
	out := []hostfactory.Reclaim{}
	told := map[string]bool{}
	for _, h := range named {
		r, taken := byID[h.MachineID]
		var err error
		if byItsName := h.MachineID == "" || h.MachineID == h.Name; byItsName && !taken {
			r, taken, err = s.reclaimedByName(ctx, h.Name, byName)
		}
		if err != nil {
			return nil, err
		}
		if taken && !told[r.MachineID] {
			told[r.MachineID] = true
			out = append(out, reclaim(r, cmp.Or(h.Name, r.Name), s.Now()))
		}
	}
	return out, nil
}

// indexed are reclaims by the id and by the name of the machine: of a name the
// last that went.
func indexed(all []broker.Reclaim) (byID, byName map[string]broker.Reclaim) {
	byID, byName = map[string]broker.Reclaim{}, map[string]broker.Reclaim{}
	for _, r := range all {
		byID[r.MachineID] = r
		if other, ok := byName[r.Name]; !ok || other.At.Before(r.At) {
			byName[r.Name] = r
		}
	}
	return byID, byName
}

func (s Service) reclaimedByName(ctx context.Context, name string, byName map[string]broker.Reclaim) (broker.Reclaim, bool, error) {
	r, taken := byName[name]
	if !taken {
		return r, false, nil
	}
	living, err := s.Requests.NamedMachines(ctx, []string{name})
	if err != nil {
		return r, false, fmt.Errorf("looking %q up: %w", name, err)
	}
	for i := range living {
		if living[i].ID != r.MachineID {
			return r, false, nil
		}
	}
	return r, true, nil
}
