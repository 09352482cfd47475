package runtimeapi_test

import (
	"encoding/json"
	"log/slog"
	"os/exec"
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/shared/host/runtimeapi"
)

// BenchmarkTrue is what starting any process costs here: the measure of the
// others.
func BenchmarkTrue(b *testing.B) {
	for b.Loop() {
		if err := exec.CommandContext(b.Context(), "/bin/true").Run(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCold is a first invocation: start, first event, answer. Ending the
// process is not in it.
func BenchmarkCold(b *testing.B) {
	for _, name := range []string{"empty", "zoo"} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				s := start(b, name)
				b.StartTimer()
				invoke(b, s, name)
				b.StopTimer()
				if err := s.Close(); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
			}
		})
	}
}

// BenchmarkWarm is every further invocation of a process.
func BenchmarkWarm(b *testing.B) {
	for _, name := range []string{"empty", "zoo"} {
		b.Run(name, func(b *testing.B) {
			s := start(b, name)
			invoke(b, s, name)
			for b.Loop() {
				invoke(b, s, name)
			}
			b.StopTimer()
			if err := s.Close(); err != nil {
				b.Fatal(err)
			}
		})
	}
}

func start(b *testing.B, name string) *runtimeapi.Server {
	b.Helper()
	s, err := runtimeapi.Start(runtimeapi.Options{
		Functions: []runtimeapi.Function{{Name: name, Bootstrap: binary(name)}},
		Log:       slog.New(slog.DiscardHandler), Now: time.Now,
	})
	if err != nil {
		b.Fatal(err)
	}
	return s
}

func invoke(b *testing.B, s *runtimeapi.Server, name string) {
	b.Helper()
	if _, err := s.Invoke(b.Context(), name, json.RawMessage(`{"do":"echo","text":"x"}`)); err != nil {
		b.Fatal(err)
	}
}
