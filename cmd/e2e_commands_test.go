package cmd

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"

	pools "github.com/openhostfactory/ohfp/examples/site"
)

// site is what a script has running. It is used by one goroutine, but for the
// listeners' own.
type site struct {
	way    way
	broker *broker
	at     string                  // of the broker, whether one runs or not
	hosts  map[string]net.Listener // by the variable that holds the port
	cloud  *cloud                  // nil: AWS is not reached
	kept   []func() error          // release the ports that the script has taken
	alone  []*os.File              // locks
}

type siteKey struct{}

func siteOf(ts *testscript.TestScript) *site {
	s, ok := ts.Value(siteKey{}).(*site)
	if !ok {
		ts.Fatalf("the script has no site")
	}
	return s
}

// running is the script's broker; there must be one.
func running(ts *testscript.TestScript) *broker {
	b := siteOf(ts).broker
	if b == nil {
		ts.Fatalf("no broker runs: start one")
	}
	return b
}

// close ends what is left running.
func (s *site) close() error {
	var errs []error
	if s.broker != nil {
		errs = append(errs, s.broker.end(syscall.SIGKILL))
	}
	for _, l := range s.hosts {
		errs = append(errs, l.Close())
	}
	if s.cloud != nil {
		s.cloud.door.Close()
	}
	for _, release := range s.kept {
		errs = append(errs, release())
	}
	for _, lock := range s.alone {
		errs = append(errs, lock.Close())
	}
	return errors.Join(errs...)
}

// port takes a port of loopback until the script ends: nobody else is given it
// while nobody of the script listens there.
func (s *site) port() (at string, err error) {
	port, release, err := pools.Keep("127.0.0.1", 0)
	if err != nil {
		return "", err
	}
	s.kept = append(s.kept, release)
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), nil
}

type command = func(ts *testscript.TestScript, neg bool, args []string)

func commands() map[string]command {
	return map[string]command{
		"start": start, "quit": end(syscall.SIGTERM), "crash": end(syscall.SIGKILL),
		"open": open, "close": closePort, "alone": alone, "pool": pool, "ec2": ec2,
		"exit": exit, "refused": refused, "http": call, "json": assert, "let": let,
	}
}

// arguments checks that there are as many as words in the usage, or more when
// that ends in dots. Only json can be negated.
func arguments(ts *testscript.TestScript, neg bool, args []string, usage string) {
	words, more := strings.CutSuffix(usage, " ...")
	want := strings.Count(words, " ")
	if neg || len(args) < want || len(args) > want && !more {
		ts.Fatalf("usage: %s", usage)
	}
}

func start(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, "start ...")
	s, dir := siteOf(ts), ts.MkAbs("data")
	if s.at == "" {
		at, err := s.port()
		ts.Check(err)
		s.at = at
	}
	w := s.way
	env := append([]string{"HOME=" + ts.Getenv("HOME"), "PATH=" + ts.Getenv("PATH"), "AWS_EC2_METADATA_DISABLED=true"}, w.env...)
	env = append(env, s.cloud.env()...)
	b, err := launch(filepath.Join(ts.Getenv("BIN"), "ohfpd"), dir, env, slices.Concat([]string{"--listen", s.at}, w.flags(dir), args)...)
	s.broker = b
	ts.Check(err)
	ts.Setenv("OHFP_ENDPOINT", b.endpoint)
	ts.Setenv("OHFP_TOKEN_FILE", b.tokenFile())
}

func end(with syscall.Signal) command {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		arguments(ts, neg, args, "quit")
		ts.Check(running(ts).end(with))
		siteOf(ts).broker = nil
	}
}

func open(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, "open VAR")
	s, at := siteOf(ts), net.JoinHostPort("127.0.0.1", ts.Getenv(args[0]))
	if ts.Getenv(args[0]) == "" { // else it was closed, and opens again
		free, err := s.port()
		ts.Check(err)
		at = free
	}
	l, err := net.Listen("tcp", at)
	ts.Check(err)
	go func() {
		for c, err := l.Accept(); err == nil; c, err = l.Accept() {
			_ = c.Close() // that it was accepted is all that a check looks for
		}
	}()
	_, port, err := net.SplitHostPort(l.Addr().String())
	ts.Check(err)
	s.hosts[args[0]] = l
	ts.Setenv(args[0], port)
}

// alone waits for other runs of these tests on this machine.
func alone(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, "alone NAME")
	lock, err := os.OpenFile(filepath.Join(os.TempDir(), fmt.Sprintf("ohfp-test-%s-%d.lock", args[0], os.Getuid())), os.O_CREATE|os.O_RDWR, 0o600)
	ts.Check(err)
	s := siteOf(ts)
	s.alone = append(s.alone, lock)
	ts.Check(syscall.Flock(int(lock.Fd()), syscall.LOCK_EX))
}

func closePort(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, "close VAR")
	ts.Check(siteOf(ts).hosts[args[0]].Close())
	delete(siteOf(ts).hosts, args[0])
}

func pool(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, "pool NAME HOSTS PRIORITY PORT")
	count, err := strconv.Atoi(args[1])
	ts.Check(err)
	var hosts []string
	for i := range count {
		hosts = append(hosts, fmt.Sprintf(`{"name": "%s-%d", "address": "127.0.0.1", "attributes": {"ncpus": 4, "nram": 8192}}`, args[0], i+1))
	}
	check := fmt.Sprintf(`{"kind": "tcp", "port": %s}`, args[3])
	if args[3] == "none" {
		check = `{"kind": "none"}`
	}
	ts.Check(ts.Exec("ohfp", "registerProviderStrategy", "--strategy-name", args[0], "--provider-type", "static", "--priority", args[2],
		"--strategy-config", fmt.Sprintf(`{"hosts": [%s], "check": %s}`, strings.Join(hosts, ", "), check)))
}

func exit(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, "exit STATUS PROGRAM ...")
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	if e := new(exec.ExitError); errors.As(err, &e) {
		got = e.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
}

func refused(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, "refused STATUS CODE PROGRAM ...")
	before := state(ts)
	exit(ts, false, append([]string{args[0]}, args[2:]...))
	if got := value(ts, "code"); got != args[1] {
		ts.Fatalf("code %v, want %s", got, args[1])
	}
	for _, member := range []string{"type", "title", "detail"} {
		if s, ok := value(ts, member).(string); !ok || s == "" {
			ts.Fatalf("the problem has no %s", member)
		}
	}
	said := ts.ReadFile("stderr")
	if !strings.HasPrefix(said, "ohfp: "+args[1]+": ") || strings.Count(said, "\n") != 1 || !strings.HasSuffix(said, "\n") {
		ts.Fatalf("stderr is not one line that begins with ohfp: %s:", args[1])
	}
	if diff := cmp.Diff(before, state(ts)); diff != "" {
		ts.Fatalf("something was done all the same (-before +after):\n%s", diff)
	}
}

// state is that of the script's broker; "" when none runs.
func state(ts *testscript.TestScript) string {
	b := siteOf(ts).broker
	if b == nil {
		return ""
	}
	s, err := b.state()
	ts.Check(err)
	return s
}

func call(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, "http STATUS METHOD PATH ...")
	header, body := map[string]string{}, ""
	for _, arg := range args[3:] {
		if name, value, ok := strings.Cut(arg, ":"); ok && !strings.HasPrefix(arg, "{") {
			header[name] = strings.TrimSpace(value)
			continue
		}
		body = arg
	}
	before := state(ts)
	status, answer, err := running(ts).ask(args[1], args[2], body, header)
	ts.Check(err)
	fmt.Fprint(ts.Stdout(), answer)
	if strconv.Itoa(status) != args[0] {
		ts.Fatalf("status %d, want %s: %s", status, args[0], answer)
	}
	if diff := cmp.Diff(before, state(ts)); status >= 400 && diff != "" {
		ts.Fatalf("something was done all the same (-before +after):\n%s", diff)
	}
}

func assert(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) == 0 || len(args) > 2 || len(args) == 1 && !neg {
		ts.Fatalf("usage: json PATH VALUE, ! json PATH VALUE, ! json PATH")
	}
	got := value(ts, args[0])
	switch {
	case neg && len(args) == 1 && got != nil:
		ts.Fatalf("%s is %s and should not be there", args[0], text(got))
	case len(args) == 2 && (text(got) == args[1]) == neg:
		ts.Fatalf("%s is %s, want %s (unless negated: %v)", args[0], text(got), args[1], neg)
	}
}

func let(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, "let VAR PATH")
	got := value(ts, args[1])
	if got == nil {
		ts.Fatalf("the last output has no %s", args[1])
	}
	ts.Setenv(args[0], text(got))
}

// value finds what is at a dotted path of the last output, which must be one
// JSON document: errors.0.field; providers.len counts them; nil when there is
// nothing.
func value(ts *testscript.TestScript, path string) any {
	d := json.NewDecoder(strings.NewReader(ts.ReadFile("stdout")))
	d.UseNumber()
	var at any
	ts.Check(d.Decode(&at))
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		ts.Fatalf("there is more on stdout than one JSON document")
	}
	for step := range strings.SplitSeq(path, ".") {
		at = child(at, step)
	}
	return at
}

func child(of any, step string) any {
	switch of := of.(type) {
	case map[string]any:
		return of[step]
	case []any:
		if step == "len" {
			return json.Number(strconv.Itoa(len(of)))
		}
		if i, err := strconv.Atoi(step); err == nil && i < len(of) {
			return of[i]
		}
	}
	return nil
}

// text is a string as it is and anything else as JSON.
func text(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}
