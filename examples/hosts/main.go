// Command hosts plays the machines of the example pools, so that they can be
// registered by hand and answer their checks:
//
//	go run ./examples/hosts examples/pool-a.json examples/pool-b.json examples/spare.json
//
// It listens where the checks look, until it is interrupted.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/openhostfactory/ohfp/examples/site"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "hosts:", err)
		os.Exit(1)
	}
}

func run(files []string) error {
	if len(files) == 0 {
		return errors.New("name the pools, such as examples/pool-a.json")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	for _, f := range files {
		p, err := site.OpenPool(f, false)
		if err != nil {
			return err
		}
		fmt.Printf("%s: %s answer at port %d\n", p.Registration.Name, strings.Join(p.Registration.Hosts(), " "), p.Registration.Port())
	}
	fmt.Println("interrupt to stop them all")
	<-ctx.Done()
	return nil
}
