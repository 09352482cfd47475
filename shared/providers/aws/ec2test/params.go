package ec2test

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// params are the parameters of a call by their dotted names.
type params map[string]string

// under returns the parameters below a name, with the rest of their names.
func (p params) under(name string) params {
	below := params{}
	for k, v := range p {
		if rest, ok := strings.CutPrefix(k, name+"."); ok {
			below[rest] = v
		}
	}
	return below
}

// each returns the members of a list of structures: Name.1.…, Name.2.…
func (p params) each(name string) []params {
	var all []params
	for i := 1; ; i++ {
		member := p.under(name + "." + strconv.Itoa(i))
		if len(member) == 0 {
			return all
		}
		all = append(all, member)
	}
}

// list returns the members of a list of values: Name.1, Name.2
func (p params) list(name string) []string {
	var all []string
	for i := 1; ; i++ {
		v, ok := p[name+"."+strconv.Itoa(i)]
		if !ok {
			return all
		}
		all = append(all, v)
	}
}

// number reads a whole number; a parameter that is not there is 0.
func (p params) number(name string) (int, error) {
	text, ok := p[name]
	if !ok {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0, refuse("InvalidParameterValue", "Value (%s) for parameter %s is invalid.", text, name)
	}
	return n, nil
}

// tags reads the tags for a type of resource.
func (p params) tags(resource string) map[string]string {
	tags := map[string]string{}
	for _, s := range p.each("TagSpecification") {
		if s["ResourceType"] != resource {
			continue
		}
		for _, t := range s.each("Tag") {
			tags[t["Key"]] = t["Value"]
		}
	}
	return tags
}

// only refuses parameters that the double would not look at: what begins with
// none of the names.
func (p params) only(names ...string) error {
	names = append(names, "Action", "Version", "DryRun")
	for _, k := range sortedKeys(p) {
		root, _, _ := strings.Cut(k, ".")
		if !slices.Contains(names, root) {
			return refuse("UnknownParameter", "The parameter %s is not recognized", k)
		}
	}
	return nil
}

// canonical is all of a call that its token stands for.
func (p params) canonical() string {
	var b strings.Builder
	for _, k := range sortedKeys(p) {
		fmt.Fprintf(&b, "%s=%q\n", k, p[k])
	}
	return b.String()
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
