package statemachines

import (
	"embed"
	"fmt"
	"io/fs"

	"github.com/openhostfactory/ohfp/statemachines/walk"
)

// The definitions, by name.
const (
	ExecuteWithFailover = "execute_with_failover"
	HealthCheck         = "health_check"
	Reconcile           = "reconcile"
)

//go:embed *.asl.json
var definitions embed.FS

// Names lists the definitions.
func Names() []string { return []string{ExecuteWithFailover, HealthCheck, Reconcile} }

// Definition returns the text of a definition as it is deployed. An unknown
// name is an error that wraps [io/fs.ErrNotExist].
func Definition(name string) ([]byte, error) {
	text, err := definitions.ReadFile(file(name))
	if err != nil {
		return nil, fmt.Errorf("reading state machine %q: %w", name, err)
	}
	return text, nil
}

// Load returns a definition ready to walk. The error is that of [Definition]
// or of [walk.Load].
func Load(name string) (*walk.Machine, error) {
	text, err := Definition(name)
	if err != nil {
		return nil, err
	}
	return walk.Load(file(name), text)
}

// Files returns the definitions as files, for those who check or deploy them.
func Files() fs.FS { return definitions }

func file(name string) string { return name + ".asl.json" }
