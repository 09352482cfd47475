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
	out.Message = fmt.Sprintf("%d machines are taken back by their providers.", len(out.Requests))
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
	if err := s.dropPassedOn(ctx, named, byName); err != nil {
		return nil, err
	}
	out := []hostfactory.Reclaim{}
	told := map[string]bool{}
	for _, h := range named {
		r, taken := byID[h.MachineID]
		if !taken && byItsName(&h) {
			r, taken = byName[h.Name]
		}
		if taken && !told[r.MachineID] {
			told[r.MachineID] = true
			out = append(out, reclaim(r, cmp.Or(h.Name, r.Name), s.Now()))
		}
	}
	return out, nil
}

// byItsName reports whether a machine is named by its name alone. A text that
// was given for both is either.
func byItsName(h *hostfactory.Host) bool { return h.MachineID == "" || h.MachineID == h.Name }

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

// dropPassedOn takes the names out that are asked about and that other machines
// have now, by one look-up for all of them.
func (s Service) dropPassedOn(ctx context.Context, named []hostfactory.Host, byName map[string]broker.Reclaim) error {
	var names []string
	for i := range named {
		if _, taken := byName[named[i].Name]; taken && byItsName(&named[i]) {
			names = append(names, named[i].Name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	living, err := s.Requests.NamedMachines(ctx, names)
	if err != nil {
		return fmt.Errorf("looking %d names up: %w", len(names), err)
	}
	for i := range living {
		if r, taken := byName[living[i].Name]; taken && living[i].ID != r.MachineID {
			delete(byName, living[i].Name)
		}
	}
	return nil
}
