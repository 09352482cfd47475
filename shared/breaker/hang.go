package breaker

import (
	"fmt"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// mostHanging is how many calls must hang to open.
const mostHanging = 5

// Hanging is what a process sees of its own calls to a provider: how many have
// begun longer ago than Age and have not ended. Only who makes calls can tell
// those that hang from those whose caller has died.
type Hanging struct {
	Calls int
	Age   time.Duration
}

// Hung returns the write that opens the breaker for the calls that hang when
// another was let in. That one is not to be made. False: none.
func (c Call) Hung(cfg broker.BreakerConfig, h Hanging, now time.Time) (broker.LiveWrite, bool) {
	if c.probe || !cfg.Enabled || h.Calls < mostHanging {
		return broker.LiveWrite{}, false
	}
	return broker.LiveWrite{
		Kind: broker.LiveTrip, Now: now, Epoch: c.epoch, OpenUntil: now.Add(timeOpen(cfg, c.openings)),
		Reason: fmt.Sprintf("calls that do not end: %d, longer than %s", h.Calls, h.Age.Round(time.Millisecond)),
	}, true
}
