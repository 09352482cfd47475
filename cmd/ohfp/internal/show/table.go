package show

import (
	"fmt"
	"io"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// printer draws one document.
type printer struct {
	Options
	out   io.Writer
	facts []fact
	lists []section
}

// fact is one line "key  value".
type fact struct{ key, value string }

// section is one table with the path of its list.
type section struct {
	title string
	rows  []value
}

// printTable writes single values first, then each list of objects as a table.
func printTable(w io.Writer, document []byte, o Options) error {
	v, err := read(document)
	if err != nil {
		return err
	}
	p := &printer{Options: o, out: w}
	p.collect("", v)
	var b strings.Builder
	p.writeFacts(&b)
	for i, s := range p.lists {
		if i > 0 || len(p.facts) > 0 {
			b.WriteByte('\n')
		}
		p.writeSection(&b, s)
	}
	_, err = io.WriteString(w, b.String())
	return err
}

// collect sorts what is below path into facts and tables.
func (p *printer) collect(path string, v value) {
	switch {
	case v.objects() && !v.timeline() && (path != "" || v.kind == list):
		p.list(section{title: path, rows: rows(v)})
	case v.kind == object:
		for i, e := range v.elems {
			p.collect(below(path, v.keys[i]), e)
		}
	case v.kind == list && len(v.elems) == 0:
		p.facts = append(p.facts, fact{path, "none"})
	default:
		if c := p.cell(v); c != "" {
			p.facts = append(p.facts, fact{path, c})
		}
	}
}

// list keeps a table, unless the same is shown already: a problem repeats the
// attempts of its operation.
func (p *printer) list(s section) {
	same := func(o section) bool { return last(o.title) == last(s.title) && reflect.DeepEqual(o.rows, s.rows) }
	if !slices.ContainsFunc(p.lists, same) {
		p.lists = append(p.lists, s)
	}
}

// last is the name at the end of a path.
func last(path string) string { return path[strings.LastIndexByte(path, '.')+1:] }

func below(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// rows returns the objects of v; those of a map get their key as a name.
func rows(v value) []value {
	out := make([]value, len(v.elems))
	for i, e := range v.elems {
		row := e
		if v.kind == object && row.get("name").kind == null {
			row.keys = append([]string{"name"}, e.keys...)
			row.elems = append([]value{named(v.keys[i])}, e.elems...)
		}
		out[i] = row
	}
	return out
}

func (p *printer) writeFacts(b *strings.Builder) {
	widest := 0
	for _, f := range p.facts {
		widest = max(widest, columns(label(f.key)))
	}
	for _, f := range p.facts {
		if f.key == "" {
			b.WriteString(f.value + "\n")
			continue
		}
		value := f.value
		if room := p.Width - widest - 2; p.Width > 0 && room > 20 {
			value = indent(wrap(value, room), widest+2)
		}
		fmt.Fprintf(b, "%s  %s\n", p.faint(text.Pad(label(f.key), widest, ' ')), p.tint(f.value, value))
	}
}

func label(key string) string { return Printable(strings.ReplaceAll(key, "_", " ")) }

func indent(s string, n int) string {
	return strings.ReplaceAll(s, "\n", "\n"+strings.Repeat(" ", n))
}

func (p *printer) writeSection(b *strings.Builder, s section) {
	g := p.layout(last(s.title), s.rows)
	t := table.NewWriter()
	t.SetStyle(p.style())
	if s.title != "" {
		t.SetTitle("%s", fmt.Sprintf("%s (%d)", label(s.title), len(s.rows)))
	}
	head := make(table.Row, len(g.columns))
	for i := range g.columns {
		head[i] = g.heading(i)
	}
	t.AppendHeader(head)
	t.SetColumnConfigs(p.configs(g))
	for _, cells := range g.cells {
		t.AppendRow(p.tinted(cells))
	}
	b.WriteString(t.Render() + "\n")
	if len(g.left) > 0 {
		fmt.Fprintf(b, "%s\n", p.faint("not shown for want of room: "+strings.Join(g.left, ", ")+" (--format json has all)"))
	}
}

// configs bounds the width of cells and puts numbers to the right.
func (p *printer) configs(g grid) []table.ColumnConfig {
	configs := make([]table.ColumnConfig, len(g.columns))
	for i := range configs {
		c := table.ColumnConfig{Number: i + 1}
		if p.Width > 0 {
			c.WidthMax, c.WidthMaxEnforcer = max(widest, p.Width/len(g.columns)-3), wrap
		}
		if g.numeric(i) {
			c.Align, c.AlignHeader = text.AlignRight, text.AlignRight
		}
		configs[i] = c
	}
	return configs
}

func (p *printer) tinted(cells []string) table.Row {
	row := make(table.Row, len(cells))
	for i, s := range cells {
		row[i] = p.tint(s, s)
	}
	return row
}

// numeric reports whether a column holds numbers only.
func (g *grid) numeric(column int) bool {
	for _, row := range g.cells {
		if _, err := strconv.ParseFloat(row[column], 64); err != nil && row[column] != "" {
			return false
		}
	}
	return true
}

func (p *printer) style() table.Style {
	s := table.StyleRounded
	s.Format.Header, s.Format.Footer = text.FormatDefault, text.FormatDefault
	s.Options.SeparateRows = false
	s.Title.Align = text.AlignLeft
	if p.Color {
		s.Color.Header, s.Title.Colors = text.Colors{text.Bold}, text.Colors{text.Bold}
		s.Color.Border, s.Color.Separator = text.Colors{text.Faint}, text.Colors{text.Faint}
	}
	return s
}

func (p *printer) faint(s string) string {
	if !p.Color {
		return s
	}
	return text.Faint.Sprint(s)
}

// tints colours the words that say how something is.
var tints = map[string]text.Color{
	"HEALTHY": text.FgGreen, "SUCCEEDED": text.FgGreen, "RUNNING": text.FgCyan, "CLOSED": text.FgGreen,
	"DEGRADED": text.FgYellow, "PARTIAL": text.FgYellow, "HALF_OPEN": text.FgYellow, "PENDING": text.FgYellow, "UNKNOWN": text.FgYellow,
	"UNHEALTHY": text.FgRed, "FAILED": text.FgRed, "OPEN": text.FgRed, "FORCED_OPEN": text.FgRed, "LOST": text.FgRed,
}

// tint colours shown when word is one of tints.
func (p *printer) tint(word, shown string) string {
	if c, ok := tints[word]; ok && p.Color {
		return c.Sprint(shown)
	}
	return shown
}
