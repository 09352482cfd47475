package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/openhostfactory/ohfp/shared/op"
	"github.com/openhostfactory/ohfp/shared/wire"
)

// help writes the help of a command to stdout.
func (c *client) help(cmd *cobra.Command) {
	cmd.InitDefaultHelpFlag()
	var b strings.Builder
	switch o := c.described(cmd); {
	case o != nil:
		c.operationHelp(&b, cmd, o)
	case cmd == cmd.Root():
		c.rootHelp(&b, cmd)
	default:
		c.otherHelp(&b, cmd)
	}
	fmt.Fprint(c.stdout, b.String())
}

// otherHelp is the help of what is no operation.
func (c *client) otherHelp(b *strings.Builder, cmd *cobra.Command) {
	fmt.Fprintf(b, "%s\n\nUsage:\n  %s\n", firstOf(cmd.Long, cmd.Short), cmd.UseLine())
	for _, sub := range cmd.Commands() {
		fmt.Fprintf(b, "  %-12s %s\n", sub.Name(), sub.Short)
	}
	if cmd.Example == "" {
		return
	}
	b.WriteString("\nExamples:\n" + cmd.Example + "\n")
	b.WriteString("\nFlags:\n" + cmd.LocalFlags().FlagUsagesWrapped(c.helpWidth()))
	b.WriteString("\nFlags of every command:\n" + cmd.InheritedFlags().FlagUsagesWrapped(c.helpWidth()))
}

func (c *client) rootHelp(b *strings.Builder, root *cobra.Command) {
	b.WriteString("ohfp asks an Open Host Factory broker to choose a provider, and to carry operations out with failover.\n\n" +
		"Usage:\n  ohfp OPERATION [--data JSON] [flags]\n")
	width := 0
	for _, cmd := range root.Commands() {
		width = max(width, len(cmd.Name()))
	}
	c.group(b, "Commands", op.Command, width)
	c.group(b, "Queries", op.Query, width)
	b.WriteString("\nOther:\n")
	for _, cmd := range root.Commands() {
		if c.described(cmd) == nil && !cmd.Hidden {
			fmt.Fprintf(b, "  %-*s  %s\n", width, cmd.Name(), cmd.Short)
		}
	}
	b.WriteString("\nFlags:\n" + root.PersistentFlags().FlagUsagesWrapped(c.helpWidth()))
	b.WriteString("\n\"ohfp OPERATION --help\" shows the fields of an operation, with examples.\n" +
		"With ohfpd running on this machine no flag is needed to reach it.\n" +
		"Exit status: 0 done, 1 failed or partial, 2 wrong usage or request, 3 no answer.\n")
}

func (c *client) group(b *strings.Builder, title string, kind op.Kind, width int) {
	fmt.Fprintf(b, "\n%s:\n", title)
	for _, o := range c.ops {
		if spec := o.Describe(); spec.Kind == kind {
			fmt.Fprintf(b, "  %-*s  %s\n", width, spec.Name, spec.Summary)
		}
	}
}

// helpWidth is how wide help may be; lines are never longer than one reads.
func (c *client) helpWidth() int {
	const most = 120
	if c.width > 0 {
		return min(c.width, most)
	}
	return most
}

func (c *client) operationHelp(b *strings.Builder, cmd *cobra.Command, o op.Described) {
	spec := o.Describe()
	in, _ := o.Types()
	schema := wire.SchemaOf(in)
	fmt.Fprintf(b, "%s\n", spec.Summary)
	if spec.Detail != "" {
		fmt.Fprintf(b, "\n%s\n", spec.Detail)
	}
	fmt.Fprintf(b, "\nUsage:\n  ohfp %s%s [--data JSON] [flags]\n", spec.Name, argument(cmd))
	if len(schema.Fields) > 0 {
		b.WriteString("\nFields, each a key of --data and a flag of its own (" + flagExample(schema) + "):\n")
		writeFields(b, schema, c.helpWidth())
	}
	for _, s := range spec.Shapes {
		fmt.Fprintf(b, "\nKeys of %s with %s:\n", s.Field, s.When)
		writeFields(b, wire.SchemaOf(s.Type), c.helpWidth())
	}
	if len(spec.Examples) > 0 {
		b.WriteString("\nExamples:\n")
		for _, e := range spec.Examples {
			writeExample(b, spec.Name, e)
		}
	}
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if _, field := f.Value.(*fieldFlag); !field {
			flags.AddFlag(f)
		}
	})
	b.WriteString("\nFlags:\n" + flags.FlagUsagesWrapped(c.helpWidth()))
	b.WriteString("\nFlags of every operation:\n" + cmd.InheritedFlags().FlagUsagesWrapped(c.helpWidth()))
}

// argument is what may stand without a flag.
func argument(cmd *cobra.Command) string {
	if field := required(cmd.Flags()); field != "" {
		return " [" + strings.ToUpper(field) + "]"
	}
	return ""
}

func flagExample(s *wire.Schema) string {
	f := s.Fields[0]
	return "--" + op.Kebab(f.Name) + " for " + f.Name
}

// writeExample writes a command that works when pasted into a shell.
func writeExample(b *strings.Builder, name string, e op.Example) {
	fmt.Fprintf(b, "  # %s\n  ohfp %s", e.Title, name)
	if e.Async {
		b.WriteString(" --async")
	}
	if e.Body != "" && e.Body != "{}" {
		b.WriteString(" --data " + quote(e.Body))
	}
	b.WriteString("\n")
}

// quote makes s one word of a POSIX shell.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// line is one field of the help.
type line struct{ name, kind, doc string }

// writeFields writes the fields as three columns, those of objects below them.
func writeFields(w io.Writer, s *wire.Schema, width int) {
	lines := fieldLines(s, "  ")
	names, kinds := 0, 0
	for _, l := range lines {
		names, kinds = max(names, len(l.name)), max(kinds, len(l.kind))
	}
	for _, l := range lines {
		indent := names + kinds + 4
		fmt.Fprintf(w, "%-*s  %-*s  %s\n", names, l.name, kinds, l.kind, hang(l.doc, indent, width))
	}
}

func fieldLines(s *wire.Schema, indent string) []line {
	var lines []line
	for _, f := range s.Fields {
		if f.Planned != "" {
			continue
		}
		kind := typeName(f.Schema)
		if f.Schema.Type == wire.String && f.Values() != nil {
			kind = "word"
		}
		if f.Required {
			kind += "*"
		}
		lines = append(lines, line{indent + f.Name, kind, explain(f)})
		inner := f.Schema
		if inner.Type == wire.Array {
			inner = inner.Items
		}
		if inner.Type == wire.Object && len(indent) < maxIndent {
			lines = append(lines, fieldLines(inner, indent+"  ")...)
		}
	}
	return lines
}

// maxIndent ends the tree of a type that contains itself.
const maxIndent = 10

// explain is the doc of a field with its rules.
func explain(f *wire.Field) string {
	parts := []string{f.Doc}
	if f.Required {
		parts = append(parts, "Required.")
	}
	if words := f.Values(); words != nil {
		parts = append(parts, "One of "+strings.Join(words, ", ")+".")
	}
	if r := bounds(f); r != "" {
		parts = append(parts, r)
	}
	if f.Default != nil {
		parts = append(parts, "Default "+bare(f.Default)+".")
	}
	return strings.Join(parts, " ")
}

func bounds(f *wire.Field) string {
	r := f.Rules
	number := func(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
	switch {
	case r.Min != nil && r.Max != nil:
		return number(*r.Min) + " to " + number(*r.Max) + "."
	case r.Min != nil:
		return "At least " + number(*r.Min) + "."
	case r.Max != nil:
		return "At most " + number(*r.Max) + "."
	}
	return ""
}

// bare is a default as one types it.
func bare(literal json.RawMessage) string {
	var s string
	if json.Unmarshal(literal, &s) == nil {
		return s
	}
	return string(literal)
}

// hang breaks s so that all its lines begin at column indent.
func hang(s string, indent, width int) string {
	const least = 30
	room := max(width-indent, least)
	var out strings.Builder
	column := 0
	for i, word := range strings.Fields(s) {
		switch {
		case i > 0 && column+1+len(word) > room:
			out.WriteString("\n" + strings.Repeat(" ", indent) + word)
			column = len(word)
		case i > 0:
			out.WriteString(" " + word)
			column += 1 + len(word)
		default:
			out.WriteString(word)
			column = len(word)
		}
	}
	return out.String()
}
