package command

import (
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
)

func TestEachDeadlineEndsBeforeTheOneAroundIt(t *testing.T) {
	chain := []struct {
		name string
		d    time.Duration
	}{
		{"driver call", syncDriver},
		{"attempt", syncTask},
		{"three attempts that hang", 3 * syncTask},
		{"operation", syncLongest},
		{"caller's wait", syncLongest + answerMargin},
		{"handler", ExecuteProviderOperation.Timeout},
	}
	for i := 1; i < len(chain); i++ {
		if chain[i-1].d >= chain[i].d {
			t.Errorf("the %s may take %s, and the %s around it only %s", chain[i-1].name, chain[i-1].d, chain[i].name, chain[i].d)
		}
	}
}

func TestBudget(t *testing.T) {
	for name, c := range map[string]struct {
		op           broker.Operation
		driver, task time.Duration
	}{
		"a caller waits":         {broker.Operation{Type: broker.CreateInstances}, 5 * time.Second, 7 * time.Second},
		"nobody waits":           {broker.Operation{Type: broker.CreateInstances, Async: true}, 50 * time.Second, 60 * time.Second},
		"machines are given up":  {broker.Operation{Type: broker.TerminateInstances}, 10 * time.Second, 15 * time.Second},
		"also when nobody waits": {broker.Operation{Type: broker.TerminateInstances, Async: true}, 10 * time.Second, 15 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			driver, task := budget(&c.op)
			if driver != c.driver || task != c.task || task%time.Second != 0 {
				t.Errorf("got %s in %s, want %s in %s, the task in whole seconds", driver, task, c.driver, c.task)
			}
		})
	}
}
