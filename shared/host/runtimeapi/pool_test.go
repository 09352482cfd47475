package runtimeapi

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// A process may die while it is idle and be taken before its end is noticed.
// What it has not seen may be given to another.
func TestAnEventThatADeadProcessHasNotSeenGoesToAnother(t *testing.T) {
	dead := filepath.Join(t.TempDir(), "bootstrap")
	if err := os.WriteFile(dead, []byte("#!/bin/sh\nexit 0\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	s, err := Start(Options{Functions: []Function{{Name: "f", Bootstrap: dead}}, Log: slog.New(slog.DiscardHandler), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	p := s.pools["f"]
	for range 2 {
		x, err := p.spawn()
		if err != nil {
			t.Fatal(err)
		}
		<-x.exited
		p.put(x)
	}
	e := &event{outcome: make(chan outcome, 1), returned: make(chan struct{}), over: make(chan struct{})}
	p.places <- struct{}{}
	p.carry(e)
	if n := len(p.idle); n != 0 {
		t.Errorf("%d dead processes are idle", n)
	}
	if o := <-e.outcome; o.err == nil || o.err.Error() != "Runtime.ExitError: Runtime exited with error: exit status 0" {
		t.Errorf("%+v, want the death of the last one, which was started for it", o)
	}
}
