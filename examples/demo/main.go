// Command demo is the program behind `make demo`: it plays a site on this
// machine, failures included, and checks every step.
//
// It opens the ports of two pools and a spare, starts a broker on an empty
// directory, and from then on uses the command line client only, showing each
// command as one would type it. What a command printed is shown; whether it is
// true is checked on the JSON of the same record. It ends with status 0 when
// every step did what it says, and with 1 at the first that did not. Nothing
// is left behind but the binaries.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// longest bounds the whole play, so that it ends even if the broker hangs. Like
// the other bounds it is far longer than it takes: a machine may be busy.
const longest = 10 * time.Minute

func main() { os.Exit(run()) }

func run() int {
	bin := flag.String("bin", "bin", "directory of ohfp and ohfpd")
	examples := flag.String("examples", "examples", "directory of the pools and the template")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()

	out := newScreen(os.Stdout)
	if err := play(ctx, out, *bin, *examples); err != nil {
		out.failure(err)
		return 1
	}
	return 0
}

// play opens the stage, goes through the steps, and clears up whatever
// happened. An error of clearing up is an error of the demo.
func play(ctx context.Context, out *screen, bin, examples string) (err error) {
	began := time.Now()
	s, err := openStage(out, bin, examples)
	if err != nil {
		return fmt.Errorf("setting the stage: %w", err)
	}
	defer func() { err = errors.Join(err, s.close()) }()

	for i, st := range steps() {
		out.heading(i+1, st.title)
		if err := st.run(ctx, s); err != nil {
			out.daemonLog(s.broker)
			return fmt.Errorf("step %d, %q: %w", i+1, st.title, err)
		}
	}
	out.summary(s.summary, time.Since(began))
	return nil
}
