package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
)

// decisionGoals are the goals of a selection with full criteria, by the size
// of the pool.
var decisionGoals = map[string]string{
	"10":   "150 ns, 0 allocations",
	"100":  "700 ns, 0 allocations",
	"1000": "6000 ns, 0 allocations",
}

// benchLine matches what `go test -bench -benchmem` prints for one benchmark.
var benchLine = regexp.MustCompile(`^Benchmark(\S+?)(?:-\d+)?\s+\d+\s+([0-9.]+) ns/op\s+(?:.*\s)?([0-9]+) B/op\s+([0-9]+) allocs/op`)

var digits = regexp.MustCompile(`\d+`)

// decisions runs the Go benchmarks of the rooms that decide.
func decisions(ctx context.Context, r *report) error {
	progress("selections, by the Go benchmarks of shared/selection")
	cmd := exec.CommandContext(ctx, "go", "test", "-run=^$", "-bench=.", "-benchmem", "-benchtime=200ms", "./shared/selection")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("running the benchmarks of shared/selection: %w\n%s", err, out)
	}
	found := 0
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		m := benchLine.FindStringSubmatch(lines.Text())
		if m == nil {
			continue
		}
		found++
		name, goal := strings.ReplaceAll(m[1], "_", " "), ""
		if strings.HasPrefix(name, "Select/") { // the rest is done once per request or registration
			goal = decisionGoals[digits.FindString(name)]
		}
		r.add("selection: "+name, fmt.Sprintf("%s ns, %s allocations", m[2], m[4]), goal, "")
	}
	if found == 0 {
		return fmt.Errorf("the benchmarks of shared/selection printed no figure:\n%s", out)
	}
	return nil
}
