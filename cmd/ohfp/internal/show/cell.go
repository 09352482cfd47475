package show

import (
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/jedib0t/go-pretty/v6/text"
)

// cell writes a value on one line.
func (p *printer) cell(v value) string {
	switch v.kind {
	case null:
		return ""
	case boolean:
		if v.text == "true" {
			return "yes"
		}
		return "no"
	case number:
		return v.text
	case word:
		return p.words(v.text)
	case list:
		return p.items(v)
	default:
		parts := make([]string, len(v.elems))
		for i, e := range v.elems {
			parts[i] = Printable(v.keys[i]) + "=" + p.cell(e)
		}
		return strings.Join(parts, ", ")
	}
}

// items writes a list: a timeline is drawn, of objects it is how many.
func (p *printer) items(v value) string {
	if v.timeline() {
		return v.spark()
	}
	if v.objects() {
		return strconv.Itoa(len(v.elems))
	}
	parts := make([]string, len(v.elems))
	for i, e := range v.elems {
		parts[i] = p.cell(e)
	}
	return strings.Join(parts, ", ")
}

// words writes a string: times in the zone of the reader, and shortly.
func (p *printer) words(s string) string {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return Printable(s)
	}
	if t.IsZero() {
		return ""
	}
	now := p.Now
	t = t.In(now.Location())
	if t.YearDay() == now.YearDay() && t.Year() == now.Year() {
		return t.Format(time.TimeOnly)
	}
	return t.Format("2006-01-02 15:04")
}

// Printable makes s one line without control characters: what a provider says
// must not steer a terminal.
func Printable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r):
			return -1
		}
		return r
	}, s)
}

// wrap breaks s into lines of at most width columns, between words where it
// can.
func wrap(s string, width int) string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(s) {
		for _, part := range chop(word, width) {
			switch {
			case line == "":
				line = part
			case columns(line)+1+columns(part) <= width:
				line += " " + part
			default:
				lines, line = append(lines, line), part
			}
		}
	}
	return strings.Join(append(lines, line), "\n")
}

// chop cuts a word that is longer than a line.
func chop(word string, width int) []string {
	var parts []string
	for runes := []rune(word); ; runes = runes[width:] {
		if len(runes) <= width {
			return append(parts, string(runes))
		}
		parts = append(parts, string(runes[:width]))
	}
}

// columns is how wide s is on a terminal.
func columns(s string) int { return text.StringWidthWithoutEscSequences(s) }
