// Command bench is the program behind `make bench`: it measures, on the
// machine at hand, the figures that the project has set goals for, and prints
// each beside its goal. A goal is a wish, not a result; the column measured
// holds what this run saw. Where a figure depends on the machine, a ratio to
// something plain that was measured in the same run stands beside it.
//
// It runs from the root of the checkout, drives bin/ohfp, bin/ohfpd and the
// binaries of the functions from outside, listens and connects on loopback
// only, and leaves nothing behind. The DynamoDB that AWS_ENDPOINT_URL_DYNAMODB
// names may be elsewhere; the table that is made there is deleted again.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"
)

// longest bounds the whole run.
const longest = 10 * time.Minute

func main() { os.Exit(run()) }

// section is a part of the table.
type section struct {
	name    string
	measure func(context.Context, *report) error
}

func run() int {
	bin := flag.String("bin", "bin", "directory of ohfp and ohfpd")
	build := flag.String("functions", hostBuild(), "directory of the functions, built for this machine")
	stored := flag.Int("operations", 10_000, "operations to fill the store with")
	only := flag.String("only", "", "the one section to measure: decisions, ohfp, ohfpd, clouds, hostfactory or functions")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()

	r := &report{}
	fmt.Printf("%s/%s, %d cores, %s\n", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version())
	for _, s := range []section{
		{"decisions", decisions},
		{"ohfp", func(ctx context.Context, r *report) error { return clientStart(ctx, r, *bin) }},
		{"ohfpd", func(ctx context.Context, r *report) error { return daemon(ctx, r, *bin, *stored) }},
		{"clouds", func(ctx context.Context, r *report) error { return clouds(ctx, r, *bin) }},
		{"hostfactory", func(ctx context.Context, r *report) error { return plugin(ctx, r, *bin) }},
		{"functions", func(ctx context.Context, r *report) error { return functions(ctx, r, *bin, *build) }},
	} {
		if *only != "" && *only != s.name {
			continue
		}
		if err := s.measure(ctx, r); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
			return 1
		}
	}
	r.print(os.Stdout)
	return 0
}

// hostBuild is where `make functions ARCH=host` puts the functions.
func hostBuild() string {
	if runtime.GOOS == "linux" {
		return "build/" + runtime.GOARCH
	}
	return "build/" + runtime.GOOS + "-" + runtime.GOARCH
}
