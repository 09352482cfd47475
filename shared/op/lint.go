package op

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/openhostfactory/ohfp/shared/wire"
)

// ClientFlags are the flags that the command line gives to every operation:
// no field may turn into one of them. request-id is missing on purpose: where
// a request has a field of that name, the flag is the field.
func ClientFlags() []string {
	return []string{
		"data", "data-file", "file", "format", "endpoint", "auth", "token-file", "aws-profile", "aws-region",
		"async", "wait", "idempotency-key", "trace-id", "debug", "explain", "help",
	}
}

// Lint reports what is wrong with a catalogue: names used twice, tags that are
// malformed, fields without a doc, fields that collide with a flag, examples
// that do not decode, a promise of async that the answer cannot keep.
func Lint(ops []Described) error {
	var errs []error
	seen := map[string]bool{}
	for _, o := range ops {
		spec := o.Describe()
		name := Kebab(spec.Name) // names that differ in case only would share a folder
		if seen[name] {
			errs = append(errs, fmt.Errorf("%s: the name is used twice", spec.Name))
		}
		seen[name] = true
		if err := lintOne(spec, o); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", spec.Name, err))
		}
	}
	return errors.Join(errs...)
}

func lintOne(spec Spec, o Described) error {
	in, out := o.Types()
	schema := wire.SchemaOf(in)
	errs := []error{wire.SchemaOf(out).Check()}
	if schema.Type != wire.Object {
		return fmt.Errorf("a request must be a struct, got %v", in)
	}
	if Routes(spec) == nil {
		return errors.Join(append(errs, schema.Check())...)
	}
	errs = append(errs, schema.CheckRequest(), lintWords(spec), lintFlags(schema))
	if spec.Async && !out.Implements(reflect.TypeFor[Accepted]()) {
		errs = append(errs, fmt.Errorf("async, but %v does not implement Accepted", out))
	}
	for i, e := range spec.Examples {
		if err := wire.Decode([]byte(e.Body), reflect.New(in).Interface(), spec.Limits()); err != nil {
			errs = append(errs, fmt.Errorf("example %d (%s): %w", i+1, e.Title, err))
		}
	}
	return errors.Join(errs...)
}

func lintWords(spec Spec) error {
	var errs []error
	if !isCamel(spec.Name) {
		errs = append(errs, errors.New("the name is not camelCase"))
	}
	if spec.Summary == "" {
		errs = append(errs, errors.New("no summary"))
	}
	if len(spec.Examples) == 0 {
		errs = append(errs, errors.New("no example"))
	}
	if slices.ContainsFunc(spec.Examples, func(e Example) bool { return e.Async && !spec.Async }) {
		errs = append(errs, errors.New("an async example of an operation that is not"))
	}
	return errors.Join(errs...)
}

func lintFlags(s *wire.Schema) error {
	var errs []error
	flags := map[string]string{}
	for _, name := range ClientFlags() {
		flags[name] = "a flag of every operation"
	}
	for _, f := range s.Fields {
		flag := Kebab(f.Name)
		if other, taken := flags[flag]; taken {
			errs = append(errs, fmt.Errorf("field %s: --%s is %s", f.Name, flag, other))
		}
		flags[flag] = "field " + f.Name
	}
	return errors.Join(errs...)
}

// isCamel reports whether s is letters and digits, the first a small letter.
func isCamel(s string) bool {
	small := "abcdefghijklmnopqrstuvwxyz"
	return s != "" && strings.Trim(s, small+strings.ToUpper(small)+"0123456789") == "" && strings.IndexByte(small, s[0]) >= 0
}
