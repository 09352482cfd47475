package wire

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// isSnake reports whether s is words of small letters and digits, the first
// beginning with a letter, joined by underscores.
func isSnake(s string) bool {
	words := strings.Split(s, "_")
	return !slices.Contains(words, "") && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789_") == "" && s[0] > '9'
}

// Check reports malformed tags of s and of all below it. CheckRequest also
// asks for what every request type must have.
func (s *Schema) Check() error {
	var errs []error
	s.walk(map[*Schema]bool{}, func(s *Schema) { errs = append(errs, s.errs...) })
	return errors.Join(errs...)
}

// CheckRequest is Check, and each field must be snake_case and have a doc
// sentence, and none may be a bare time.Duration: units stand in the name.
func (s *Schema) CheckRequest() error {
	errs := []error{s.Check()}
	s.walk(map[*Schema]bool{}, func(s *Schema) {
		for _, f := range s.Fields {
			switch {
			case !isSnake(f.Name):
				errs = append(errs, fmt.Errorf("%v: key %q is not snake_case", s.Go, f.Name))
			case f.Doc == "":
				errs = append(errs, fmt.Errorf("%v: key %q has no doc", s.Go, f.Name))
			case f.Schema.Go == durations:
				errs = append(errs, fmt.Errorf("%v: key %q is a bare duration", s.Go, f.Name))
			}
		}
	})
	return errors.Join(errs...)
}

func (s *Schema) walk(seen map[*Schema]bool, visit func(*Schema)) {
	if s == nil || seen[s] {
		return
	}
	seen[s] = true
	visit(s)
	s.Items.walk(seen, visit)
	for _, f := range s.Fields {
		f.Schema.walk(seen, visit)
	}
}
