package statemachines_test

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/statemachines/walk"
)

// stage plays the functions of one case by their scripts and writes down what
// happens. Functions that hang or are late take no notice of their context, as
// the worst of real ones.
type stage struct {
	t       *testing.T
	start   time.Time
	release chan struct{} // closed at the end: the hanging go home

	mu      sync.Mutex
	scripts map[string][]scripted
	calls   []called
	trace   []entered
}

var _ walk.Invoker = (*stage)(nil)

func newStage(t *testing.T, scripts map[string][]scripted) *stage {
	t.Helper()
	s := &stage{t: t, start: time.Now(), release: make(chan struct{}), scripts: scripts}
	t.Cleanup(func() { close(s.release) })
	return s
}

func (s *stage) now() int64 { return time.Since(s.start).Milliseconds() }

func (s *stage) Invoke(_ context.Context, function string, payload json.RawMessage) (json.RawMessage, error) {
	line, ok := s.next(function, payload)
	if !ok {
		return nil, &walk.TaskError{Name: "Test.BeyondTheScript", Cause: function}
	}
	if line.Hang {
		<-s.release
		return nil, fmt.Errorf("%s hung until the end", function)
	}
	if line.DelayMS > 0 {
		time.Sleep(time.Duration(line.DelayMS) * time.Millisecond) // virtual
	}
	if line.Error != nil {
		return nil, &walk.TaskError{Name: line.Error.Name, Cause: line.Error.Cause}
	}
	return line.Output, nil
}

func (s *stage) next(function string, payload json.RawMessage) (scripted, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, called{Function: function, AtMS: s.now(), Payload: decoded(s.t, payload)})
	script := s.scripts[function]
	if len(script) == 0 {
		s.t.Errorf("%s is called beyond its script", function)
		return scripted{}, false
	}
	s.scripts[function] = script[1:]
	return script[0], true
}

// entered keeps the walks of a Map apart, by item.
func (s *stage) entered(e walk.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	entry := entered{State: e.State, AtMS: e.At.Sub(s.start).Milliseconds()}
	if e.Map == "" {
		s.trace = append(s.trace, entry)
		return
	}
	mapping := &s.trace[len(s.trace)-1]
	for len(mapping.Iterations) <= e.Item {
		mapping.Iterations = append(mapping.Iterations, nil)
	}
	mapping.Iterations[e.Item] = append(mapping.Iterations[e.Item], entry)
}

// played returns the calls, and insists that each script was used up.
func (s *stage) played() []called {
	s.mu.Lock()
	defer s.mu.Unlock()
	for function, script := range s.scripts {
		if len(script) > 0 {
			s.t.Errorf("%s has %d scripted answers that nobody fetched", function, len(script))
		}
	}
	return sorted(s.calls)
}
