// Command bench is the program behind `make bench`: it measures, on the
// machine at hand, the figures that the project has set goals for, and prints
// each beside its goal. A goal is a wish, not a result; the column measured
// holds what this run saw. Where a figure depends on the machine, a ratio to
// something plain that was measured in the same run stands beside it.
//
// It runs from the root of the checkout, drives bin/ohfp and bin/ohfpd from
// outside, listens and connects on loopback only, and leaves nothing behind.
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

func run() int {
	bin := flag.String("bin", "bin", "directory of ohfp and ohfpd")
	stored := flag.Int("operations", 10_000, "operations to fill the store with")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()

	r := &report{}
	fmt.Printf("%s/%s, %d cores, %s\n", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version())
	for _, section := range []func(context.Context, *report) error{
		decisions,
		func(ctx context.Context, r *report) error { return clientStart(ctx, r, *bin) },
		func(ctx context.Context, r *report) error { return daemon(ctx, r, *bin, *stored) },
	} {
		if err := section(ctx, r); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
			return 1
		}
	}
	r.print(os.Stdout)
	return 0
}
