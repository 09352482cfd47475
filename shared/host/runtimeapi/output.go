package runtimeapi

import (
	"bytes"
	"io"
	"sync"
)

// longestLine is where Lambda cuts a line of the log, in bytes.
const longestLine = 256 << 10

// lines writes whole lines of many processes to one writer.
type lines struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lines) write(line []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, _ = l.w.Write(line) // what a function says is not worth its failure
}

func (l *lines) stream() *stream { return &stream{to: l} }

// stream is the output of one process.
type stream struct {
	to   *lines
	mu   sync.Mutex
	rest []byte // of a line that is not complete
}

// Write passes on what lines it completes. It always succeeds.
func (s *stream) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rest = append(s.rest, p...)
	for {
		i := bytes.IndexByte(s.rest, '\n')
		if i < 0 && len(s.rest) >= longestLine {
			s.rest = append(s.rest[:longestLine:longestLine], '\n')
			i = longestLine
		}
		if i < 0 {
			return len(p), nil
		}
		s.to.write(s.rest[:i+1])
		s.rest = s.rest[i+1:]
	}
}

// flush passes on a last line without an end.
func (s *stream) flush() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.rest) > 0 {
		s.to.write(append(s.rest, '\n'))
		s.rest = nil
	}
}
