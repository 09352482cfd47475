package sse_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/cmd/ohfp/internal/sse"
)

func read(t *testing.T, r io.Reader) (all []sse.Event) {
	t.Helper()
	s := sse.NewReader(r)
	for {
		e, err := s.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	}
}

func TestReader(t *testing.T) {
	for _, c := range []struct {
		name, stream string
		want         []sse.Event
	}{
		{"an event has id, type and data", "id: 1\nevent: a\ndata: x\n\n", []sse.Event{{Type: "a", Data: "x", ID: "1"}}},
		{"one space after the colon is left out", "data:x\n\ndata:  y\n\n", []sse.Event{{Type: "message", Data: "x"}, {Type: "message", Data: " y"}}},
		{"data of several lines is one text", "data: x\ndata\ndata: y\n\n", []sse.Event{{Type: "message", Data: "x\n\ny"}}},
		{"an id holds until the next", "id: 1\ndata: x\n\ndata: y\n\nid\ndata: z\n\n", []sse.Event{
			{Type: "message", Data: "x", ID: "1"}, {Type: "message", Data: "y", ID: "1"}, {Type: "message", Data: "z"},
		}},
		{"a position comes without data", "retry: 1000\nid: 7\n\n", []sse.Event{{Type: "message", ID: "7"}}},
		{"a comment is a sign of life", ": here\n\n", []sse.Event{{Type: "message"}}},
		{"an event without its end is none", "data: x\n\ndata: y\n", []sse.Event{{Type: "message", Data: "x"}}},
		{"other names mean nothing", "date: x\ndata: y\n\n", []sse.Event{{Type: "message", Data: "y"}}},
		{"an id with a zero byte is left out", "id: 1\n\nid: a\x00\n\n", []sse.Event{{Type: "message", ID: "1"}, {Type: "message", ID: "1"}}},
		{"empty lines alone are nothing", "\n\n\n", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			for end, stream := range map[string]string{"LF": c.stream, "CRLF": strings.ReplaceAll(c.stream, "\n", "\r\n"), "CR": strings.ReplaceAll(c.stream, "\n", "\r")} {
				for how, r := range map[string]io.Reader{"at once": strings.NewReader(stream), "byte by byte": iotest.OneByteReader(strings.NewReader(stream))} {
					if d := cmp.Diff(c.want, read(t, r)); d != "" {
						t.Errorf("%s, %s: want -, got +:\n%s", end, how, d)
					}
				}
			}
		})
	}
}

func TestReaderSaysWhyAStreamBroke(t *testing.T) {
	broken := errors.New("cut off")
	s := sse.NewReader(io.MultiReader(strings.NewReader("data: x\n\n"), iotest.ErrReader(broken)))
	if _, err := s.Next(); err != nil {
		t.Error(err)
	}
	if _, err := s.Next(); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

func TestReaderRefusesALineWithoutEnd(t *testing.T) {
	s := sse.NewReader(strings.NewReader("data: " + strings.Repeat("x", 2<<20) + "\n\n"))
	if e, err := s.Next(); err == nil || errors.Is(err, io.EOF) {
		t.Errorf("got %d bytes, %v", len(e.Data), err)
	}
}

// FuzzReader: whatever comes, reading ends, and nothing is told that was not
// sent.
func FuzzReader(f *testing.F) {
	for _, seed := range []string{"id: 1\nevent: a\ndata: x\n\n", ": c\r\n\r\n", "data\rdata: y\r\r", "\ufeffdata: x\n\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, stream string) {
		s := sse.NewReader(strings.NewReader(stream))
		for {
			e, err := s.Next()
			if err != nil {
				return
			}
			for _, line := range strings.Split(e.Data, "\n") {
				if !strings.Contains(stream, line) || strings.ContainsAny(line, "\r\n") {
					t.Errorf("%q was not sent", line)
				}
			}
		}
	})
}
