package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/openhostfactory/ohfp/cmd/ohfp/internal/awsprov"
	"github.com/openhostfactory/ohfp/shared/fault"
)

// What becomes of something.
const (
	actCreate    = "create"
	actChange    = "change"
	actDelete    = "delete"
	actUnchanged = "unchanged"
)

// How far a step is.
const (
	planned      = "planned"
	done         = "done"
	failed       = "failed"
	notAttempted = "not_attempted"
)

// step is one thing of a site, with what is to be done about it.
type step struct {
	Kind     string   `json:"kind"`
	Name     string   `json:"name,omitempty"`
	Action   string   `json:"action"`
	Status   string   `json:"status,omitempty"` // absent: nothing is to be done
	Changes  []change `json:"changes,omitempty"`
	Warnings []string `json:"warnings,omitempty"`
	Version  int64    `json:"version,omitempty"` // that is stored
	File     string   `json:"file,omitempty"`
	Line     int      `json:"line,omitempty"`
	// Fields say what became of each field of a template that was imported.
	Fields []awsprov.Field `json:"fields,omitempty"`

	object  *object // nil: it is in no file
	section section
}

// change is one field that is, or would be, another, as the broker says it.
type change struct {
	Field  string          `json:"field"`
	From   json.RawMessage `json:"from,omitempty"`
	To     json.RawMessage `json:"to,omitempty"`
	Hidden bool            `json:"hidden,omitempty"`
}

// plan is what applying a site does.
type plan struct {
	DryRun  bool           `json:"dry_run"`
	Objects []*step        `json:"objects"`
	Summary map[string]int `json:"summary"`          // by action
	Fields  map[string]int `json:"fields,omitempty"` // of imported templates, by outcome
	// NotInFile is what the broker has, the files' sections do not, and nobody
	// asked to delete.
	NotInFile []string `json:"not_in_file"`
}

// tooMany problems of a site are not worth more calls.
const tooMany = 20

// planSite asks the broker what each thing of the site would change. Nothing
// is stored.
func (b *bench) planSite(ctx context.Context, s site, prune bool) (*plan, error) {
	p := &plan{Objects: []*step{}, NotInFile: []string{}}
	var bad []place
	code := string(fault.NotSupported)
	for _, o := range s.objects {
		st, wrong, err := b.look(ctx, o)
		if err != nil {
			return nil, err
		}
		if st != nil {
			p.Objects = append(p.Objects, st)
			continue
		}
		if bad = append(bad, wrong.places(o)...); wrong.Code != code {
			code = string(fault.InvalidRequest)
		}
		if len(bad) >= tooMany {
			break
		}
	}
	if err := unusable(code, bad); err != nil {
		return nil, err
	}
	return p, b.leftOver(ctx, s, p, prune)
}

// refusal is how the broker says that a request makes no sense.
type refusal struct {
	Code   string        `json:"code"`
	Detail string        `json:"detail"`
	Errors []fault.Field `json:"errors"`
}

func (r *refusal) places(o *object) []place {
	if len(r.Errors) == 0 {
		return []place{o.place("", r.Detail)}
	}
	var all []place
	for _, f := range r.Errors {
		all = append(all, o.place(f.Field, f.Message))
	}
	return all
}

// look asks what storing one object would change: a step, or how the broker
// refuses it.
func (b *bench) look(ctx context.Context, o *object) (*step, *refusal, error) {
	a, err := b.call(ctx, o.section.put, with(o, `"dry_run":true`), false)
	if err != nil {
		return nil, nil, err
	}
	if a.status == 400 || a.status == 422 {
		var r refusal
		if err := json.Unmarshal(a.body, &r); err != nil {
			return nil, nil, fmt.Errorf("reading what the broker refuses: %w", err)
		}
		return nil, &r, nil
	}
	if a.status >= 300 {
		return nil, nil, stopped(a, &step{object: o}, nil)
	}
	var says struct {
		Status   string   `json:"status"`
		Version  int64    `json:"version"`
		Changes  []change `json:"changes"`
		Warnings []string `json:"warnings"`
	}
	if err := json.Unmarshal(a.body, &says); err != nil {
		return nil, nil, fmt.Errorf("reading what would change: %w", err)
	}
	st := &step{
		Kind: o.section.noun, Name: o.name, Action: actUnchanged, Version: says.Version, Changes: says.Changes,
		Warnings: says.Warnings, File: o.file, Line: o.node.Line, Fields: o.fields, object: o, section: o.section,
	}
	switch {
	case len(says.Changes) > 0:
		st.Action, st.Status = actChange, planned
	case says.Status == "registered":
		st.Action, st.Status = actCreate, planned
	}
	return st, nil, nil
}

// with is an object as a request, with a member more.
func with(o *object, member string) []byte {
	var reset []string
	for _, key := range o.section.whole {
		if o.node.Get(key) != nil {
			reset = append(reset, strconv.Quote(key))
		}
	}
	if len(reset) > 0 {
		member += `,"reset":[` + strings.Join(reset, ",") + "]"
	}
	body := o.node.Marshal()
	if bytes.Equal(body, []byte("{}")) {
		return []byte("{" + member + "}")
	}
	return append([]byte("{"+member+","), body[1:]...)
}

// leftOver adds what the broker has and the site has not: to be deleted, the
// last stored first, or only told. What is being taken out already is left to
// that.
func (b *bench) leftOver(ctx context.Context, s site, p *plan, prune bool) error {
	all := sections()
	slices.Reverse(all)
	for _, sec := range all {
		if !s.named[sec.key] || sec.drop == "" {
			continue
		}
		have, err := sec.have(ctx, b)
		if err != nil {
			return err
		}
		for _, h := range have {
			switch {
			case h.leaving || slices.ContainsFunc(s.objects, func(o *object) bool { return o.section.key == sec.key && o.name == h.name }):
			case prune:
				p.Objects = append(p.Objects, &step{Kind: sec.noun, Name: h.name, Action: actDelete, Status: planned, section: sec})
			default:
				p.NotInFile = append(p.NotInFile, sec.noun+" "+h.name)
			}
		}
	}
	return nil
}

// sum counts the actions.
func (p *plan) sum() {
	p.Summary = map[string]int{actCreate: 0, actChange: 0, actUnchanged: 0, actDelete: 0}
	for _, s := range p.Objects {
		p.Summary[s.Action]++
		for _, f := range s.Fields {
			if p.Fields == nil {
				p.Fields = map[string]int{string(awsprov.Kept): 0, string(awsprov.Mapped): 0, string(awsprov.Refused): 0}
			}
			p.Fields[string(f.Outcome)]++
		}
	}
}
