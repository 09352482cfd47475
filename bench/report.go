package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
)

// report collects the rows of the table.
type report struct{ rows []table.Row }

// add keeps one figure. goal and beside may be empty: no goal was set, nothing
// to compare with.
func (r *report) add(measure, measured, goal, beside string) {
	r.rows = append(r.rows, table.Row{measure, measured, goal, beside})
}

func (r *report) print(w io.Writer) {
	t := table.NewWriter()
	t.SetStyle(table.StyleRounded)
	t.AppendHeader(table.Row{"measure", "measured", "goal", "beside"})
	t.AppendRows(r.rows)
	fmt.Fprintf(w, "\n%s\n", t.Render())
}

// progress says what is being measured.
func progress(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "... "+format+"\n", args...)
}

// quantile returns the value below which the share q of the samples lies, by
// the nearest rank; 0 without samples.
func quantile(samples []time.Duration, q float64) time.Duration {
	if len(samples) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(samples))
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]
}

// ms writes a duration with two digits after the point.
func ms(d time.Duration) string { return fmt.Sprintf("%.2f ms", float64(d)/float64(time.Millisecond)) }

func mib(bytes int64) string { return fmt.Sprintf("%.1f MiB", float64(bytes)/(1<<20)) }

// times compares a with b: "1.4 × WHAT".
func times(a, b time.Duration, what string) string {
	if b <= 0 {
		return ""
	}
	return fmt.Sprintf("%.1f × %s", float64(a)/float64(b), what)
}
