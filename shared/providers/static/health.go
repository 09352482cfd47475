package static

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/providers/config"
)

const (
	maxChecks    = 20 // hosts that a health record lists, those that are not up first
	healthyShare = 80 // percent of the hosts that must be up
)

// Health dials every host: none up is UNHEALTHY, under 80 % DEGRADED. The
// response time is the median of the hosts that are up. What cannot be created
// for want of a file or command is UNHEALTHY with the remedy. Hosts that were
// not reached for want of time count neither way. REFUSED when the broker's
// records cannot be read.
func (d *Driver) Health(ctx context.Context) (broker.Health, error) {
	now := d.Now()
	hosts, err := d.hosts()
	if err == nil {
		err = d.commandsThere()
	}
	if err != nil {
		p := fault.AsProvider(err)
		return broker.Health{State: broker.Unhealthy, Message: p.Message, CheckedAt: now, Checks: []broker.Check{{Name: p.Code, Message: p.Message}}}, nil
	}
	if len(hosts) == 0 {
		return broker.Health{State: broker.Unhealthy, Message: "the pool has no hosts", CheckedAt: now}, nil
	}
	b, err := d.readBook(ctx, now)
	if err != nil {
		return broker.Health{}, err
	}
	answers := make([]answer, len(hosts))
	each(len(hosts), func(i int) { answers[i] = d.check(ctx, hosts[i]) })
	s := survey(hosts, answers)
	if s.checked == 0 {
		return broker.Health{}, &fault.ProviderError{Class: fault.Timeout, Code: "no_time", Message: "there was no time to check any host", Err: ctx.Err()}
	}
	free := b.count(hosts, now)
	s.Health.CheckedAt = d.Now()
	s.Health.Message += fmt.Sprintf("; %d free, %d leased", free, len(hosts)-free)
	return s.Health, nil
}

// surveyed is what the answers of all hosts say together.
type surveyed struct {
	broker.Health
	checked, up int
}

func survey(hosts []config.Host, answers []answer) surveyed {
	var s surveyed
	var took []time.Duration
	var bad, good []broker.Check
	for i, a := range answers {
		c := broker.Check{Name: hosts[i].Name, OK: a.up, Message: a.why}
		switch {
		case a.skipped:
			bad = append(bad, c)
			continue
		case a.up:
			s.up++
			took = append(took, a.took)
			good = append(good, c)
		default:
			bad = append(bad, c)
		}
		s.checked++
	}
	s.State = stateOf(s.up, s.checked)
	s.ResponseTime = median(took)
	s.Message = fmt.Sprintf("%d of %d hosts are up", s.up, s.checked)
	if left := len(hosts) - s.checked; left > 0 {
		s.Message += fmt.Sprintf(", %d not checked in time", left)
	}
	all := append(bad, good...)
	summary := broker.Check{Name: "hosts", OK: s.State == broker.Healthy, Message: s.Message}
	s.Checks = append([]broker.Check{summary}, all[:min(len(all), maxChecks)]...)
	return s
}

func stateOf(up, checked int) broker.HealthState {
	switch {
	case up == 0:
		return broker.Unhealthy
	case up*100 < checked*healthyShare:
		return broker.Degraded
	}
	return broker.Healthy
}

// median of an even number is the lower of the two in the middle; of none, 0.
func median(d []time.Duration) time.Duration {
	if len(d) == 0 {
		return 0
	}
	slices.Sort(d)
	return d[(len(d)-1)/2]
}
