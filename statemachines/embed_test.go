package statemachines_test

import (
	"errors"
	"io/fs"
	"testing"

	"github.com/openhostfactory/ohfp/statemachines"
)

func TestEveryDefinitionLoads(t *testing.T) {
	for _, name := range statemachines.Names() {
		m, err := statemachines.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := m.Name(), name+".asl.json"; got != want {
			t.Errorf("name %q, want %q", got, want)
		}
	}
}

func TestEveryEmbeddedFileHasAName(t *testing.T) {
	files, err := fs.Glob(statemachines.Files(), "*.asl.json")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := len(files), len(statemachines.Names()); got != want {
		t.Errorf("%d files are embedded, %d are named: %v", got, want, files)
	}
}

func TestAnUnknownDefinitionIsNotFound(t *testing.T) {
	if _, err := statemachines.Load("lost"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want an error that wraps fs.ErrNotExist", err)
	}
}
