package statemachines_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/openhostfactory/ohfp/statemachines"
	"github.com/openhostfactory/ohfp/statemachines/walk"
)

// A slip of the pen anywhere in a definition is refused when it is loaded:
// each member's name, one after the other, is misspelt, and its first letter
// written in the other case.
func TestNoMisspeltMemberOfADefinitionLoads(t *testing.T) {
	for _, name := range statemachines.Names() {
		t.Run(name, func(t *testing.T) {
			s := &slips{t: t, name: name, document: document(t, name)}
			s.below(s.document)
			if s.tried < 40 {
				t.Errorf("only %d slips were tried", s.tried)
			}
		})
	}
}

func document(t *testing.T, name string) map[string]any {
	t.Helper()
	text, err := statemachines.Definition(name)
	if err != nil {
		t.Fatal(err)
	}
	var v map[string]any
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

type slips struct {
	t        *testing.T
	name     string
	document map[string]any
	tried    int
}

// free names the members whose own members are chosen freely.
var free = []string{"Payload", "ResultSelector", "Result"}

func (s *slips) below(v any) {
	switch v := v.(type) {
	case []any:
		for _, element := range v {
			s.below(element)
		}
	case map[string]any:
		for _, member := range slices.Collect(maps.Keys(v)) {
			s.slip(v, member, member+"x")
			s.slip(v, member, otherCase(member))
			if !slices.Contains(free, member) {
				s.below(v[member])
			}
		}
	}
}

func (s *slips) slip(object map[string]any, member, wrong string) {
	value := object[member]
	delete(object, member)
	object[wrong] = value
	text, err := json.Marshal(s.document)
	if err != nil {
		s.t.Fatal(err)
	}
	if _, err := walk.Load(s.name, text); err == nil {
		s.t.Errorf("it loads with %s written %s", member, wrong)
	}
	delete(object, wrong)
	object[member] = value
	s.tried++
}

func otherCase(member string) string {
	first := member[:1]
	if lower := strings.ToLower(first); lower != first {
		return lower + member[1:]
	}
	return strings.ToUpper(first) + member[1:]
}
