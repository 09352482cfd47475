package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/openhostfactory/ohfp/cmd/ohfp/internal/awsprov"
	"github.com/openhostfactory/ohfp/cmd/ohfp/internal/show"
)

// signs stand before what becomes of something.
var signs = map[string]string{actCreate: "+", actChange: "~", actDelete: "-", actUnchanged: "="}

// write writes the plan for people: a line per thing, below it a line per
// field.
func (p *plan) write(w io.Writer) error {
	var b strings.Builder
	for _, s := range p.Objects {
		fmt.Fprintf(&b, "%s %s: %s\n", signs[s.Action], show.Printable(strings.TrimSpace(s.Kind+" "+s.Name)), s.Action)
		writeOutcomes(&b, s.Fields)
		for _, c := range s.Changes {
			fmt.Fprintf(&b, "    %s: %s\n", show.Printable(c.Field), c)
		}
		for _, warning := range s.Warnings {
			fmt.Fprintf(&b, "    warning: %s\n", show.Printable(warning))
		}
	}
	if len(p.NotInFile) > 0 {
		fmt.Fprintf(&b, "Not in the file, and left alone (--prune would delete): %s\n", show.Printable(strings.Join(p.NotInFile, ", ")))
	}
	if f := p.Fields; f != nil {
		fmt.Fprintf(&b, "Fields: %d kept, %d mapped, %d refused.\n", f[string(awsprov.Kept)], f[string(awsprov.Mapped)], f[string(awsprov.Refused)])
	}
	b.WriteString(p.sentence() + "\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// writeOutcomes writes what became of the fields of an imported template.
func writeOutcomes(b *strings.Builder, fields []awsprov.Field) {
	width := 0
	for _, f := range fields {
		width = max(width, len(f.Name))
	}
	for _, f := range fields {
		said := f.To
		if f.Reason != "" && said != "" {
			said += ": "
		}
		fmt.Fprintf(b, "    %-*s  %-7s  %s\n", width, show.Printable(f.Name), f.Outcome, show.Printable(said+f.Reason))
	}
}

func (p *plan) sentence() string {
	n := p.Summary
	said := fmt.Sprintf("%d to create, %d to change, %d to delete, %d unchanged", n[actCreate], n[actChange], n[actDelete], n[actUnchanged])
	switch {
	case n[actCreate]+n[actChange]+n[actDelete] == 0:
		return fmt.Sprintf("All %d are as the file says: nothing to do.", n[actUnchanged])
	case p.DryRun:
		return said + ". Nothing was changed: this is a dry run."
	}
	return strings.ReplaceAll(strings.ReplaceAll(strings.ReplaceAll(said, "to create", "created"), "to change", "changed"), "to delete", "deleted") + "."
}

// String is from -> to.
func (c change) String() string {
	if c.Hidden {
		return "changed; its value is not shown"
	}
	return brief(c.From) + " -> " + brief(c.To)
}

// brief is a value in so many letters; --format json has all of it.
func brief(raw json.RawMessage) string {
	const most = 60
	if raw == nil {
		return "(nothing)"
	}
	text := string(raw)
	var s string
	if json.Unmarshal(raw, &s) == nil {
		if text = s; strings.TrimSpace(s) == "" {
			text = string(raw)
		}
	}
	if r := []rune(show.Printable(text)); len(r) > most {
		return string(r[:most]) + "..."
	}
	return show.Printable(text)
}
