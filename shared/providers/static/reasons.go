package static

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/openhostfactory/ohfp/shared/fault"
)

// reasons is why a creation came short.
type reasons struct {
	hosts    int      // of the pool
	matching int      // of them
	ruledOut []string // attributes that none of them has
	leased   int      // of those: to others, before we looked
	made     int      // of those: to this creation, which may count them otherwise
	lost     int      // of those: to others, when we took them
	dead     []string
	local    int // of the dead: for a reason of this environment
	refused  []string
	failed   []*fault.ProviderError // of lease_command
	late     error                  // ctx's, when time ran out
}

func (r *reasons) notUp(host string, a answer) {
	switch {
	case a.skipped: // late says it
	case a.refused:
		r.refused = append(r.refused, host+": "+a.why)
	default:
		r.dead = append(r.dead, host+": "+a.why)
		if a.local {
			r.local++
		}
	}
}

// list returns the reasons as errors, the one that decides first. None of them
// is ambiguous: what may have been leased is told by Create itself.
func (r *reasons) list(asked, got int) []error {
	var all []error
	for _, f := range r.failed {
		all = append(all, f)
	}
	switch {
	case errors.Is(r.late, context.Canceled):
		all = append(all, short(fault.Cancelled, "cancelled", "the caller went away before enough hosts had answered"))
	case r.late != nil:
		all = append(all, short(fault.Down, "no_answer", "time ran out before enough hosts had answered"+some("; not up", r.dead)))
	}
	if len(r.refused) > 0 {
		all = append(all, short(fault.OfferingConfig, "address_refused", "hosts that are never called"+some("", r.refused)))
	}
	if len(all) == 0 || r.matching == 0 || r.leased+r.lost > 0 || len(r.dead) > 0 {
		all = append(all, r.supply(asked, got))
	}
	return all
}

// supply says what the pool's stock of hosts has to do with it.
func (r *reasons) supply(asked, got int) error {
	switch {
	case r.matching == 0 && r.hosts > 0:
		return short(fault.OfferingConfig, "no_matching_host", fmt.Sprintf("none of the %d hosts of the pool has what the template asks for%s", r.hosts, some("", r.ruledOut)))
	case got == 0 && len(r.dead) > 0 && len(r.dead)+r.leased == r.matching:
		down := short(fault.Down, "no_host_up", r.silent())
		down.Local = r.local == len(r.dead)
		return down
	}
	return short(fault.Capacity, "pool_exhausted", r.exhausted(asked, got))
}

// silent says that nobody answered. Taken hosts were not asked: they say
// nothing of whether the pool is there.
func (r *reasons) silent() string {
	if r.leased == 0 {
		return "no matching host is up" + some("", r.dead)
	}
	return fmt.Sprintf("none of the %d matching hosts that are free is up%s", len(r.dead), some("", r.dead))
}

func short(class fault.Class, code, message string) *fault.ProviderError {
	return &fault.ProviderError{Class: class, Code: code, Message: message}
}

func (r *reasons) exhausted(asked, got int) string {
	if r.hosts == 0 {
		return "the pool has no hosts"
	}
	return fmt.Sprintf("%d of %d: %d of %d matching hosts are leased%s", got, asked, r.leased+r.lost+r.made, r.matching, some("; not up", r.dead))
}

// some names a few of many.
func some(what string, list []string) string {
	const most = 5
	if len(list) == 0 {
		return ""
	}
	s := what + ": " + strings.Join(list[:min(len(list), most)], ", ")
	if more := len(list) - most; more > 0 {
		s += fmt.Sprintf(", and %d more", more)
	}
	return s
}
