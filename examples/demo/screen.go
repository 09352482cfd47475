package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"golang.org/x/term"

	"github.com/openhostfactory/ohfp/examples/site"
)

// screen prints the play. It uses colour on a terminal only, and not where
// NO_COLOR is set.
type screen struct {
	w      io.Writer
	colour bool
}

const (
	bold   = "1"
	green  = "32"
	red    = "31"
	dimmed = "2"
)

func newScreen(f *os.File) *screen {
	_, plain := os.LookupEnv("NO_COLOR")
	return &screen{w: f, colour: !plain && term.IsTerminal(int(f.Fd()))}
}

func (s *screen) paint(code, text string) string {
	if !s.colour {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (s *screen) heading(n int, title string) {
	fmt.Fprintf(s.w, "\n%s\n", s.paint(bold, fmt.Sprintf("%d. %s", n, title)))
}

// command prints a command line as one would type it.
func (s *screen) command(line string) { fmt.Fprintln(s.w, s.paint(bold, "$ "+line)) }

// output prints what a command printed.
func (s *screen) output(text string) {
	if text = strings.TrimRight(text, "\n"); text != "" {
		fmt.Fprintln(s.w, text)
	}
}

// note says what happens beside the commands.
func (s *screen) note(format string, args ...any) {
	fmt.Fprintln(s.w, s.paint(dimmed, "# "+fmt.Sprintf(format, args...)))
}

// ok says what was checked and found true.
func (s *screen) ok(format string, args ...any) {
	fmt.Fprintln(s.w, s.paint(green, "ok  ")+fmt.Sprintf(format, args...))
}

func (s *screen) failure(err error) {
	fmt.Fprintf(s.w, "\n%s%v\n", s.paint(red, "FAILED  "), err)
}

// daemonLog shows the end of the daemon's log, for a step that failed.
func (s *screen) daemonLog(b *site.Broker) {
	s.note("the last lines of ohfpd's log:")
	s.output(b.Log(20))
}

// summary prints the rows of what happened.
func (s *screen) summary(rows [][2]string, took time.Duration) {
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.AppendHeader(table.Row{"what happened", "and then"})
	for _, r := range rows {
		t.AppendRow(table.Row{r[0], r[1]})
	}
	fmt.Fprintf(s.w, "\n%s\n%s\n", t.Render(), s.paint(green, fmt.Sprintf("Every step did what it says, in %.1f s.", took.Seconds())))
}
