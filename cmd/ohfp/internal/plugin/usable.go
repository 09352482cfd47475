package plugin

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/openhostfactory/ohfp/shared/hostfactory"
)

// schedulerOf is whose plug-in was installed; "": that cannot be read, which the
// scripts, which need it, say too.
func schedulerOf(dir string) hostfactory.Scheduler {
	var own struct {
		Scheduler hostfactory.Scheduler `json:"scheduler"`
	}
	data, err := os.ReadFile(filepath.Join(dir, "conf", configName))
	if err != nil || json.Unmarshal(data, &own) != nil {
		return ""
	}
	return hostfactory.Scheduler(strings.ToLower(string(own.Scheduler)))
}

// The attributes of a template that each scheduler's documentation calls for.
var mandatory = map[hostfactory.Scheduler][]string{
	hostfactory.Symphony: {"type", "ncpus", "nram"},
	hostfactory.LSF:      {"type", "ncpus"},
}

type template struct {
	ID         string              `json:"templateId"`
	Attributes map[string][]string `json:"attributes"`
}

// usable wants templates that the scheduler can calculate with.
func usable(s hostfactory.Scheduler) func(map[string]json.RawMessage) error {
	return func(answer map[string]json.RawMessage) error {
		var templates []template
		if err := json.Unmarshal(answer["templates"], &templates); err != nil {
			return fmt.Errorf("reading templates: %w", err)
		}
		if len(templates) == 0 {
			return errors.New("there is no template: register one, or let the instance see one (registerHostProvider)")
		}
		for _, t := range templates {
			if err := t.usable(s); err != nil {
				return fmt.Errorf("template %q: %w", t.ID, err)
			}
		}
		return nil
	}
}

func (t template) usable(s hostfactory.Scheduler) error {
	if s == hostfactory.LSF && strings.Contains(t.ID, "_") {
		return errors.New("LSF takes no underscore in a template's name: register it under another one")
	}
	for _, name := range mandatory[s] {
		if len(t.Attributes[name]) != 2 {
			return fmt.Errorf("%s requires the attribute %s: register the template with it", s, name)
		}
	}
	return nil
}
