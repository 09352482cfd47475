package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"golang.org/x/term"

	"github.com/openhostfactory/ohfp/examples/site"
)

// screen prints the play. It uses colour on a terminal only, and not where
// NO_COLOR is set.
type screen struct {
	w      io.Writer
	colour bool
	width  int // columns
}

const (
	bold   = "1"
	green  = "32"
	red    = "31"
	dimmed = "2"
)

// pageWidth is how wide the play is where nobody says how wide the reader is.
const pageWidth = 120

func newScreen(f *os.File) *screen {
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return &screen{w: f, width: pageWidth}
	}
	_, plain := os.LookupEnv("NO_COLOR")
	return &screen{w: f, colour: !plain, width: width}
}

func (s *screen) paint(code, words string) string {
	if !s.colour {
		return words
	}
	return "\x1b[" + code + "m" + words + "\x1b[0m"
}

func (s *screen) heading(n int, title string) {
	fmt.Fprintf(s.w, "\n%s\n", s.paint(bold, fmt.Sprintf("%d. %s", n, title)))
}

// command prints a command line as one would type it.
func (s *screen) command(line string) { fmt.Fprintln(s.w, s.paint(bold, "$ "+line)) }

// output prints what a command printed.
func (s *screen) output(printed string) {
	if printed = strings.TrimRight(printed, "\n"); printed != "" {
		fmt.Fprintln(s.w, printed)
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
	t.SetStyle(table.StyleRounded)
	half := max(s.width/2-4, 20) // four: what a column's frame takes
	t.SetColumnConfigs([]table.ColumnConfig{
		{Number: 1, WidthMax: half, WidthMaxEnforcer: text.WrapSoft},
		{Number: 2, WidthMax: half, WidthMaxEnforcer: text.WrapSoft},
	})
	t.AppendHeader(table.Row{"what happened", "and then"})
	for _, r := range rows {
		t.AppendRow(table.Row{r[0], r[1]})
	}
	fmt.Fprintf(s.w, "\n%s\n%s\n", t.Render(), s.paint(green, fmt.Sprintf("Every step did what it says, in %.1f s.", took.Seconds())))
}
