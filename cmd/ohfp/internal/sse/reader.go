// Package sse reads server-sent events as the HTML Living Standard defines
// them ("Server-sent events", parsing an event stream). It imports the standard
// library.
package sse

import (
	"bufio"
	"bytes"
	"io"
	"strings"
)

// maxLine bounds a line: no event of a broker comes near it.
const maxLine = 1 << 20

// Event is what a stream says between two empty lines.
type Event struct {
	Type string // "message" when the stream names none
	Data string // "": there is no event; only ID may be new
	ID   string // where the reader stands after it, be it told now or before
}

// Reader reads a stream.
type Reader struct {
	lines *bufio.Scanner
	id    string
}

// NewReader reads from r. The stream is UTF-8; no byte-order mark is expected.
func NewReader(r io.Reader) *Reader {
	s := bufio.NewScanner(r)
	s.Buffer(nil, maxLine)
	s.Split(new(lines).split)
	return &Reader{lines: s}
}

// Next returns the next event, or what stands between two empty lines without
// being one: a sign of life, a new position. io.EOF at the end of the stream,
// also within an event: what is not complete is none.
func (r *Reader) Next() (Event, error) {
	e, data, some := Event{}, []string(nil), false
	for r.lines.Scan() {
		line := r.lines.Text()
		if line == "" {
			if !some {
				continue
			}
			e.Data, e.ID = strings.Join(data, "\n"), r.id
			if e.Type == "" {
				e.Type = "message"
			}
			return e, nil
		}
		some = true
		name, value, _ := strings.Cut(line, ":") // a comment has no name
		value = strings.TrimPrefix(value, " ")
		switch name {
		case "data":
			data = append(data, value)
		case "event":
			e.Type = value
		case "id":
			if !strings.ContainsRune(value, 0) {
				r.id = value
			}
		}
	}
	if err := r.lines.Err(); err != nil {
		return Event{}, err
	}
	return Event{}, io.EOF
}

// lines ends lines at CR LF, LF or CR. A CR that is the last of what was read
// ends its line at once, so that nobody waits for a byte that may not come; an
// LF that comes after it belongs to it.
type lines struct{ afterCR bool }

func (l *lines) split(data []byte, _ bool) (advance int, line []byte, err error) {
	start := 0
	if l.afterCR && len(data) > 0 && data[0] == '\n' {
		start = 1
	}
	i := bytes.IndexAny(data[start:], "\r\n")
	if i < 0 { // what has no end is no line
		return 0, nil, nil
	}
	end := start + i
	l.afterCR = data[end] == '\r'
	return end + 1, data[start:end:end], nil
}
