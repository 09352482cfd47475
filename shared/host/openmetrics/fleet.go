package openmetrics

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// Bounds of what counting machines asks of the store: some scrape every few
// seconds, and where the store is a table each look is paid for.
const (
	countEvery   = time.Minute
	machinesMost = 10_000
)

// bill is what the machines of a provider come to.
type bill struct {
	machines int
	perHour  float64
	priced   bool // the price of one is known, if only that it is nothing
}

// fleet keeps what was counted until it is too old. The zero value has counted
// nothing. It is safe for concurrent use.
type fleet struct {
	mu      sync.Mutex
	counted map[string]bill // by provider
	at      time.Time
}

// bills counts the machines of the providers, unless that was done a moment
// ago.
func (f *fleet) bills(ctx context.Context, from broker.MachineReader, snap *broker.Snapshot, now time.Time) (map[string]bill, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.counted != nil && now.Sub(f.at) < countEvery {
		return f.counted, nil
	}
	counted := make(map[string]bill, len(snap.Providers))
	for i := range snap.Providers {
		p := &snap.Providers[i]
		machines, err := from.OwnedMachines(ctx, p.Name, machinesMost)
		if err != nil {
			return nil, fmt.Errorf("reading the machines of %q: %w", p.Name, err)
		}
		counted[p.Name] = billOf(machines, p.PricePerHour)
	}
	f.counted, f.at = counted, now
	return counted, nil
}

// billOf adds machines up. One without a price of its own has that of its
// provider, usual.
func billOf(machines []broker.Machine, usual *float64) bill {
	b := bill{machines: len(machines)}
	for i := range machines {
		price := machines[i].PricePerHour
		if price == nil {
			price = usual
		}
		if price != nil {
			b.perHour, b.priced = b.perHour+*price, true
		}
	}
	return b
}
