package cmd

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestTwoBrokersShareALedger has one of two brokers on a table die with all it
// does: each of its operations has leased hosts and waits for a command. The
// other carries on with its own, and takes those over when their time has
// passed.
func TestTwoBrokersShareALedger(t *testing.T) {
	if os.Getenv(dynamoDB) == "" {
		t.Skip("NOT TESTED: brokers that share a table, because " + dynamoDB + " names no DynamoDB; make test-dynamodb runs one")
	}
	const each, machines = 6, 2
	s := newShared(t)
	t.Parallel() // now that the command is written: no process that is forked meanwhile has it open
	first, second := s.start("first"), s.start("second")
	s.ok(first.ask(http.MethodPost, "/v1/commands/registerTemplate", `{"template_id": "web"}`, nil))
	s.ok(first.ask(http.MethodPost, "/v1/commands/registerProviderStrategy", s.pool(2*each*machines), nil))

	var ids []string
	for _, b := range []*broker{first, second} {
		ids = append(ids, s.create(b, each, machines)...)
	}
	s.awaitCommands(2 * each)
	if err := first.end(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	s.letCommandsEnd()

	seen := map[string]string{} // machine → operation
	for _, id := range ids {
		for _, m := range s.ended(second, id, machines) {
			if other, taken := seen[m]; taken {
				t.Errorf("machine %s belongs to the operations %s and %s", m, other, id)
			}
			seen[m] = id
		}
	}
	if diff := cmp.Diff(2*each*machines, len(seen)); diff != "" {
		t.Errorf("machines (-want +got):\n%s", diff)
	}
	if status, answer, err := second.ask(http.MethodPost, "/v1/commands/executeProviderOperation", one, nil); err != nil || status != http.StatusServiceUnavailable {
		t.Errorf("one more than there are hosts: %d, %v, want 503: %s", status, err, answer)
	}
}

const one = `{"operation_type": "CREATE_INSTANCES", "parameters": {"template_id": "web", "count": 1}}`

// shared is a table with a pool whose command waits for a file.
type shared struct {
	*testing.T
	dir, bin, table string
}

func newShared(t *testing.T) *shared {
	t.Helper()
	s := &shared{T: t, dir: t.TempDir(), bin: build(t), table: fmt.Sprintf("shared-%d", time.Now().UnixNano())}
	s.write("lease", fmt.Sprintf("#!/bin/sh\necho >> %s\nwhile [ ! -e %s ]; do sleep 0.1; done\n", s.path("began"), s.path("go")), 0o700)
	s.write("ohfpd.yaml", "tick_seconds: 1\ncommands:\n  lease:\n    argv: ["+s.path("lease")+"]\n", 0o600)
	return s
}

func (s *shared) path(name string) string { return filepath.Join(s.dir, name) }

func (s *shared) write(name, text string, mode os.FileMode) {
	s.Helper()
	if err := os.WriteFile(s.path(name), []byte(text), mode); err != nil {
		s.Fatal(err)
	}
}

func (s *shared) start(name string) *broker {
	s.Helper()
	env := append([]string{"HOME=" + s.dir, "PATH=" + os.Getenv("PATH")}, awsEnvironment()...)
	b, err := launch(filepath.Join(s.bin, "ohfpd"), s.path(name), env,
		"--store", "dynamodb:"+s.table, "--create-table", "--config", s.path("ohfpd.yaml"))
	s.Cleanup(func() {
		if b == nil || b.cmd.ProcessState != nil {
			return
		}
		if err := b.end(syscall.SIGTERM); err != nil {
			s.Error(err)
		}
	})
	if err != nil {
		s.Fatal(err)
	}
	return b
}

// ok fails unless a request succeeded, and returns its answer.
func (s *shared) ok(status int, answer string, err error) string {
	s.Helper()
	if err != nil || status >= http.StatusBadRequest {
		s.Fatalf("%d, %v: %s", status, err, answer)
	}
	return answer
}

func (s *shared) pool(hosts int) string {
	list := make([]string, hosts)
	for i := range list {
		list[i] = fmt.Sprintf(`{"name": "host-%d", "address": "192.0.2.%d"}`, i, i+1)
	}
	return fmt.Sprintf(`{"strategy_name": "pool-a", "provider_type": "static", "strategy_config": {
		"hosts": [%s], "check": {"kind": "none"}, "lease_command": "lease"}}`, strings.Join(list, ", "))
}

// create asks for machines n times at once, without waiting for them.
func (s *shared) create(b *broker, n, machines int) []string {
	s.Helper()
	ids := make([]string, n)
	var all sync.WaitGroup
	for i := range ids {
		all.Go(func() {
			status, answer, err := b.ask(http.MethodPost, "/v1/commands/executeProviderOperation",
				fmt.Sprintf(`{"operation_type": "CREATE_INSTANCES", "parameters": {"template_id": "web", "count": %d}}`, machines),
				map[string]string{"Prefer": "respond-async"})
			if err != nil || status != http.StatusAccepted {
				s.Errorf("%d, %v: %s", status, err, answer)
				return
			}
			ids[i] = s.operation(answer).ID
		})
	}
	all.Wait()
	if s.Failed() {
		s.FailNow()
	}
	return ids
}

// sharedOperation is an operation as its record shows it.
type sharedOperation struct {
	ID     string `json:"operation_id"`
	Status string `json:"status"`
	Result struct {
		Machines []struct {
			ID string `json:"machine_id"`
		} `json:"machines"`
	} `json:"result"`
}

func (s *shared) operation(answer string) (o sharedOperation) {
	s.Helper()
	if err := json.Unmarshal([]byte(answer), &o); err != nil {
		s.Errorf("reading %s: %v", answer, err)
	}
	return o
}

// sharedWithin is longer than the time of an attempt, 60 s, after which a dead
// broker's work is taken over, and its margin.
const sharedWithin = 5 * time.Minute

// until asks again and again until done says so.
func (s *shared) until(what string, done func() bool) {
	s.Helper()
	beat, late := time.NewTicker(50*time.Millisecond), time.NewTimer(sharedWithin)
	defer beat.Stop()
	defer late.Stop()
	for !done() {
		select {
		case <-beat.C:
		case <-late.C:
			s.Fatalf("%s: not within %s", what, sharedWithin)
		}
	}
}

// awaitCommands returns when n commands, at least, wait: one for each
// operation, in whatever order a driver runs those of its hosts.
func (s *shared) awaitCommands(n int) {
	s.Helper()
	s.until("the commands begin", func() bool {
		began, err := os.ReadFile(s.path("began"))
		return err == nil && strings.Count(string(began), "\n") >= n
	})
}

func (s *shared) letCommandsEnd() { s.write("go", "", 0o600) }

// ended waits for the end of an operation, which must be a good one, and
// returns its machines.
func (s *shared) ended(b *broker, id string, machines int) (ids []string) {
	s.Helper()
	var o sharedOperation
	s.until("operation "+id+" ends", func() bool {
		o = s.operation(s.ok(b.ask(http.MethodGet, "/v1/queries/getOperation?operation_id="+id, "", nil)))
		return o.Status != "RUNNING" && o.Status != "UNKNOWN"
	})
	if o.Status != "SUCCEEDED" || len(o.Result.Machines) != machines {
		s.Errorf("operation %s ended %s with %d machines, want SUCCEEDED with %d", id, o.Status, len(o.Result.Machines), machines)
	}
	for _, m := range o.Result.Machines {
		ids = append(ids, m.ID)
	}
	return ids
}
