package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/openhostfactory/ohfp/cmd/ohfp/internal/awsprov"
	"github.com/openhostfactory/ohfp/cmd/ohfp/internal/document"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/op"
	"github.com/openhostfactory/ohfp/shared/wire"
)

// section is a kind of thing that a site file holds.
type section struct {
	key  string // of the file
	noun string // for one of it
	name string // the field that names one; "": there is one, without a name
	put  string // the operation that stores one, with dry_run and version
	drop string // the operation that removes one, by its name
	have reader // what the broker has
	// whole are members that the operation would lay over what is stored; a
	// file that names one means all of it, so that a line less is a change.
	whole []string
}

// sections are what a site file may hold, in the order in which it is stored:
// what others name comes first. An operation that is not in the catalogue
// makes its section one that is not supported yet.
func sections() []section {
	return []section{
		{key: "providers", noun: "provider", name: "strategy_name", put: "registerProviderStrategy", drop: "deregisterProviderStrategy", have: haveProviders},
		{key: "templates", noun: "template", name: "template_id", put: "registerTemplate", drop: "deleteTemplate", have: haveTemplates},
		{
			key: "configuration", noun: "configuration", put: "configureProviderStrategy", have: haveConfiguration,
			whole: []string{"selection_criteria", "circuit_breaker_config", "sweeper_config"},
		},
	}
}

// supported reports whether the section's operation is there, and can say
// what it would change.
func (c *client) supported(s section) bool {
	o := c.operation(s.put)
	if o == nil {
		return false
	}
	in, _ := o.Types()
	return wire.SchemaOf(in).Field("dry_run") != nil
}

// operation returns one by its name; nil when the catalogue has none.
func (c *client) operation(name string) op.Described {
	for _, o := range c.ops {
		if o.Describe().Name == name {
			return o
		}
	}
	return nil
}

// object is one thing of a site file.
type object struct {
	section section
	name    string // "" when it has none, or none that is a word
	node    *document.Node
	file    string
	path    string          // providers[0]
	fields  []awsprov.Field // of a template that was translated: what became of each
}

// called is what people call it.
func (o *object) called() string {
	if o.name == "" {
		return o.section.noun
	}
	return fmt.Sprintf("%s %q", o.section.noun, o.name)
}

// place is where a field of the object stands.
func (o *object) place(field, message string) place {
	path := o.path
	if field != "" {
		path += "." + field
	}
	return place{Field: path, Message: message, File: o.file, Line: o.node.LineOf(field)}
}

// site is what files hold together.
type site struct {
	objects []*object       // in the order in which they are stored
	named   map[string]bool // the sections that some file has, if only as an empty list
}

// readSite reads site files. All that is wrong with them is told at once.
func (c *client) readSite(files []string) (site, error) {
	s := site{named: map[string]bool{}}
	var all []*object
	var bad []place
	for _, file := range files {
		found, wrong, err := c.readFile(file, s.named)
		if err != nil {
			return site{}, err
		}
		all, bad = append(all, found...), append(bad, wrong...)
	}
	bad = append(bad, twice(all)...)
	for _, sec := range sections() {
		for _, o := range all {
			if o.section.key == sec.key {
				s.objects = append(s.objects, o)
			}
		}
	}
	return s, unusable(codeUsage, bad)
}

// unusable is the failure of files that cannot be used as they are; nil when
// nothing is wrong.
func unusable(code string, bad []place) error {
	if len(bad) == 0 {
		return nil
	}
	p := clientProblem{Title: "The file cannot be used", Detail: bad[0].String(), Code: code, Errors: bad}
	if n := len(bad) - 1; n > 0 {
		p.Detail += fmt.Sprintf("; and %d more", n)
	}
	return p.failure(fault.ExitUsage)
}

// parse reads a file as a document; nil when nothing is in it. What is wrong
// with it has its place; an error is that it cannot be read.
func (c *client) parse(file string) (*document.Node, []place, error) {
	data, err := c.readInput(file)
	if err != nil {
		return nil, nil, usage("%s", err)
	}
	doc, err := document.Parse(file, data)
	if e, ok := errors.AsType[*document.Error](err); ok {
		return nil, []place{{Message: e.Message, File: called(file), Line: e.Line}}, nil
	}
	return doc, nil, err
}

// called is what people call a file.
func called(file string) string {
	if file == "-" {
		return "stdin"
	}
	return file
}

// readFile reads one file; named learns which sections it has.
func (c *client) readFile(file string, named map[string]bool) (found []*object, bad []place, err error) {
	doc, bad, err := c.parse(file)
	if err != nil || doc == nil {
		return nil, bad, err
	}
	file = called(file)
	if doc.Kind != document.Object {
		return nil, []place{{Message: "want an object with " + strings.Join(keys(), ", ") + ", got " + doc.Kind.String(), File: file, Line: doc.Line}}, nil
	}
	for i, key := range doc.Keys {
		objects, wrong := c.readSection(key, doc.Elems[i], file)
		named[key.Name] = true
		found, bad = append(found, objects...), append(bad, wrong...)
	}
	return found, bad, nil
}

func keys() []string {
	var all []string
	for _, s := range sections() {
		all = append(all, s.key)
	}
	return all
}

// readSection reads what stands under a key of a file.
func (c *client) readSection(key document.Key, n *document.Node, file string) ([]*object, []place) {
	refuse := func(format string, args ...any) ([]*object, []place) {
		return nil, []place{{Field: key.Name, Message: fmt.Sprintf(format, args...), File: file, Line: key.Line}}
	}
	for _, s := range sections() {
		switch {
		case s.key != key.Name:
			continue
		case !c.supported(s):
			return refuse("not supported yet: %s is not built, or cannot tell what it would change", s.put)
		case n.Kind == document.Null && s.name != "":
			return nil, nil // an empty list as people leave it
		case s.name == "":
			o := &object{section: s, node: n, file: file, path: s.key}
			return []*object{o}, o.problems()
		case n.Kind != document.List:
			return refuse("want a list, got %s", n.Kind)
		}
		return listed(s, n, file)
	}
	if near := wire.Nearest(key.Name, keys()); near != "" {
		return refuse("unknown key; did you mean %q?", near)
	}
	return refuse("unknown key; known: %s", strings.Join(keys(), ", "))
}

func listed(s section, n *document.Node, file string) (found []*object, bad []place) {
	for i, e := range n.Elems {
		o := &object{section: s, node: e, file: file, path: fmt.Sprintf("%s[%d]", s.key, i)}
		if e.Kind == document.Object {
			o.name = e.Get(s.name).Text()
		}
		found, bad = append(found, o), append(bad, o.problems()...)
	}
	return found, bad
}

// problems are what the broker would not find: that it is no object, and keys
// that belong to the call and not to the thing.
func (o *object) problems() []place {
	if o.node.Kind != document.Object {
		return []place{o.place("", "want an object, got "+o.node.Kind.String())}
	}
	var bad []place
	for _, key := range []string{"version", "dry_run", "reset"} {
		if o.node.Get(key) != nil {
			bad = append(bad, o.place(key, "not part of a site: apply reads what is stored, and decides"))
		}
	}
	return bad
}

// twice finds what two places say something about.
func twice(all []*object) (bad []place) {
	first := map[string]*object{}
	for _, o := range all {
		if o.section.name != "" && o.name == "" {
			continue // which the broker refuses
		}
		known, ok := first[o.called()]
		if !ok {
			first[o.called()] = o
			continue
		}
		bad = append(bad, o.place(o.section.name, fmt.Sprintf("%s is in %s:%d too", o.called(), known.file, known.node.Line)))
	}
	return bad
}
