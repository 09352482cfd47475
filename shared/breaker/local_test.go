package breaker_test

import (
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/shared/breaker"
	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
)

// local is a call from an environment that fails there.
func (b *bench) local(class fault.Class, environment string) {
	b.Helper()
	c := b.enter(noon)
	a := breaker.Answer{Class: class, Now: noon, Jitter: 0.5, Local: true, Environment: environment}
	for _, w := range c.End(b.cfg, a) {
		b.row, _ = w.Apply(b.row)
	}
	if w, ok := c.After(b.row, b.cfg, a); ok {
		b.row, _ = w.Apply(b.row)
	}
}

func TestOneEnvironmentThatFailsForReasonsOfItsOwnOpensNothing(t *testing.T) {
	b := &bench{TB: t, cfg: config()}
	for range 50 {
		b.local(fault.Down, "one")
		b.local(fault.Auth, "one")
	}
	b.is(broker.Closed, "")
	if b.row.FailRun != 0 {
		t.Errorf("%d failures are counted", b.row.FailRun)
	}
}

func TestTwoEnvironmentsThatFailAreEvidence(t *testing.T) {
	b := &bench{TB: t, cfg: config()}
	b.local(fault.Down, "one")
	b.local(fault.Down, "two")
	b.local(fault.Down, "one")
	b.is(broker.Closed, "")
	b.local(fault.Down, "two")
	b.is(broker.Open, "failures in a row: 3, the last DOWN")
}

func TestCredentialsThatTwoEnvironmentsLackOpenAtOnce(t *testing.T) {
	b := &bench{TB: t, cfg: config()}
	b.local(fault.Auth, "one")
	b.is(broker.Closed, "")
	b.local(fault.Auth, "two")
	b.is(broker.Open, "auth")
}

func TestASuccessForgetsWhoFailed(t *testing.T) {
	b := &bench{TB: t, cfg: config()}
	b.local(fault.Down, "one")
	b.call(fault.None, noon)
	for range 9 {
		b.local(fault.Down, "two")
	}
	b.is(broker.Closed, "")
}

func TestAFailureThatSaysNothingOfHealthIsNoEvidenceAnywhere(t *testing.T) {
	b := &bench{TB: t, cfg: config()}
	b.local(fault.Capacity, "one")
	if len(b.row.Locals) != 0 {
		t.Errorf("it is noted: %v", b.row.Locals)
	}
}

func TestAProbeThatFailsWhereItWasMadeKeepsItOpenForNoLongerThanTheFirstTime(t *testing.T) {
	b := &bench{TB: t, cfg: config()}
	b.row = broker.Live{State: broker.Open, Epoch: 4, Opens: 4, OpenUntil: noon}
	b.local(fault.Down, "one")
	b.is(broker.Open, "a probe failed where it was made: DOWN")
	if !b.row.OpenUntil.Equal(at(60)) {
		t.Errorf("open until %v", b.row.OpenUntil)
	}
}

func TestFiveCallsThatDoNotEndOpen(t *testing.T) {
	b := &bench{TB: t, cfg: rates()}
	c := b.enter(noon)
	w, ok := c.Hung(b.cfg, breaker.Hanging{Calls: 5, Age: 4 * time.Second}, noon)
	if !ok {
		t.Fatal("it does not")
	}
	b.row, _ = w.Apply(b.row)
	b.is(broker.Open, "calls that do not end: 5, longer than 4s")
	if !b.row.OpenUntil.Equal(at(60)) {
		t.Errorf("open until %v", b.row.OpenUntil)
	}
	off := rates()
	off.Enabled = false
	for name, opens := range map[string]bool{
		"four":             hung(c, rates(), 4),
		"breakers are off": hung(c, off, 9),
	} {
		if opens {
			t.Errorf("%s: it opens", name)
		}
	}
	b.row = broker.Live{State: broker.Open, Epoch: 1, OpenUntil: noon}
	if hung(b.enter(noon), rates(), 9) {
		t.Error("a call on trial opens")
	}
}

func hung(c breaker.Call, cfg broker.BreakerConfig, calls int) bool {
	_, ok := c.Hung(cfg, breaker.Hanging{Calls: calls, Age: time.Second}, noon)
	return ok
}
