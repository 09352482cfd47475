// Command smoke is the program behind `make smoke`: it sends the commands of the
// provider strategy guide to a broker that serves already, with ohfp as anybody
// would, and checks each answer. Calls of a stage on AWS are signed by ohfp
// itself, see docs/client.md.
//
// It can be run against a broker that others use: it registers a provider of its
// own, of kind aws and last in every order, asks about that one, and takes it out
// in the end, also when a check failed. What would change a selection of others
// is a dry run. Machines are made only of a template that is named, two of them,
// and ended at once.
//
// It ends with status 0 when every answer was right, and with 1 when one was not.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

// longest bounds one command: ohfp itself gives up before.
const longest = 3 * time.Minute

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	s := smoke{out: os.Stdout}
	flag.StringVar(&s.ohfp, "ohfp", "bin/ohfp", "the client")
	flag.StringVar(&s.endpoint, "endpoint", "", "URL of the broker (default: where ohfp finds one)")
	flag.StringVar(&s.template, "template", "", "template to make two machines of; they may cost money")
	flag.Parse()
	s.provider = fmt.Sprintf("smoke-%d", time.Now().Unix())
	if err := s.run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "smoke:", err)
		stop()
		os.Exit(1) //nolint:gocritic // stop was called
	}
}

// smoke is one run.
type smoke struct {
	out                      io.Writer
	ohfp, endpoint, template string
	provider                 string // the one that is registered for the run
	machines                 []string
}

// run goes through the steps. What was registered or made is given back,
// whatever happened.
func (s *smoke) run(ctx context.Context) (err error) {
	began := time.Now()
	defer func() {
		if err == nil {
			fmt.Fprintf(s.out, "Every answer was right, in %.1f s.\n", time.Since(began).Seconds())
		}
	}()
	defer func() { err = errors.Join(err, s.leave(context.WithoutCancel(ctx))) }()
	for _, st := range s.steps() {
		if _, err := s.step(ctx, st); err != nil {
			return err
		}
	}
	if s.template == "" {
		fmt.Fprintln(s.out, "--  NOT TRIED: making machines, because no template is named: make smoke TEMPLATE=...")
		return nil
	}
	return s.makeTwo(ctx)
}

// step is a command of the guide, and what its answer must hold: by a path of
// members, parted by dots, the value as JSON, or "*" for any.
type step struct {
	title   string
	args    []string
	data    string
	want    map[string]string
	refused bool // it is answered with a problem, and exit status 1
}

// step sends a command and checks its answer.
func (s *smoke) step(ctx context.Context, st step) (document any, err error) {
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	args := append([]string{}, st.args...)
	if st.data != "" {
		args = append(args, "--data", st.data)
	}
	fmt.Fprintf(s.out, "$ ohfp %s\n", shown(args))
	if s.endpoint != "" {
		args = append(args, "--endpoint", s.endpoint)
	}
	cmd := exec.CommandContext(ctx, s.ohfp, append(args, "--format", "json")...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	began := time.Now()
	ended := cmd.Run()
	if err := json.Unmarshal(stdout.Bytes(), &document); err != nil {
		return nil, fmt.Errorf("%s: no JSON was answered: %w\n%s%s", st.title, errors.Join(ended, err), &stdout, &stderr)
	}
	if (ended != nil) != st.refused {
		return nil, fmt.Errorf("%s: the client's status is %d\n%s", st.title, cmd.ProcessState.ExitCode(), &stderr)
	}
	for path, want := range st.want {
		if err := holds(document, path, want); err != nil {
			return nil, fmt.Errorf("%s: %w in\n%s", st.title, err, &stdout)
		}
	}
	fmt.Fprintf(s.out, "ok  %s (%d ms)\n", st.title, time.Since(began).Milliseconds())
	return document, nil
}

// shown is a command line as one would type it.
func shown(args []string) string {
	words := make([]string, len(args))
	for i, a := range args {
		words[i] = a
		if strings.ContainsAny(a, " {\"") {
			words[i] = "'" + a + "'"
		}
	}
	return strings.Join(words, " ")
}

// holds reports whether a document has a value at a path.
func holds(document any, path, want string) error {
	for name := range strings.SplitSeq(path, ".") {
		members, ok := document.(map[string]any)
		if !ok || members[name] == nil {
			return fmt.Errorf("there is no %s", path)
		}
		document = members[name]
	}
	if want == "*" {
		return nil
	}
	got, err := json.Marshal(document)
	if err != nil {
		return fmt.Errorf("reading %s: %w", path, err)
	}
	if string(got) != want {
		return fmt.Errorf("%s is %s, want %s", path, got, want)
	}
	return nil
}
