package cmd

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/shared/catalog"
	"github.com/openhostfactory/ohfp/shared/catalog/counts"
	"github.com/openhostfactory/ohfp/shared/op"
	"github.com/openhostfactory/ohfp/shared/store/dynamo/meter"
)

// TestTheFunctionsAskOfAWSWhatIsListed plays requests with the binaries of the
// functions and counts what they make AWS do: the invocations and the states
// by the log, the calls of DynamoDB by a meter before it. It is the list that
// package counts holds in one process, and that make cost prices.
func TestTheFunctionsAskOfAWSWhatIsListed(t *testing.T) {
	if os.Getenv(dynamoDB) == "" {
		t.Skip("NOT TESTED: what the functions cost, because " + dynamoDB + " names no DynamoDB; make test-dynamodb runs one")
	}
	c := newCounted(t)
	ids := c.create(2, "")
	c.about("TERMINATE_INSTANCES", ids)
	c.settled()

	c.holds(counts.Create(2), func() { ids = c.create(2, "") })
	c.about("GET_INSTANCE_STATUS", ids)
	c.settled()
	c.holds(counts.Status(2), func() { c.about("GET_INSTANCE_STATUS", ids) })
	c.holds(counts.Terminate(2), func() { c.about("TERMINATE_INSTANCES", ids) })
	c.health()
	c.settled()
	c.holds(counts.HealthCheck(), c.health)
	c.choose("ROUND_ROBIN")
	c.settled()
	c.holds(counts.Select(), func() { c.choose("FIRST_AVAILABLE") })
	turn := counts.Select()
	turn.Steps[0].Calls = append(turn.Steps[0].Calls, counts.SelectTurn().Steps[0].Calls...)
	c.holds(turn, func() { c.choose("ROUND_ROBIN") })

	c.create(4, `, "strategy_override": "pool-a"`)
	c.create(2, "")                                                                                // at the second pool: all functions of a failover are warm
	c.post("registerTemplate", `{"template_id": "web", "version": 1, "attributes": {"ncpus": 5}}`) // what nobody knows the first to be out of
	c.settled()
	c.holds(counts.Failover(2), func() { c.create(2, "") })
	c.poll()
	c.settled()
	c.holds(counts.Poll(), c.poll)
}

// counted is a broker of functions behind a meter.
type counted struct {
	*testing.T
	*broker
	meter     *meter.Meter
	operation string // the newest one

	read  int    // how much of the log is behind us
	since string // and when: what was written before is late
	asked int    // requests since then
	begun int    // executions that they began
}

func newCounted(t *testing.T) *counted {
	t.Helper()
	m, err := meter.New(os.Getenv(dynamoDB))
	if err != nil {
		t.Fatal(err)
	}
	door := httptest.NewServer(m)
	t.Cleanup(door.Close)
	dir := t.TempDir()
	config := filepath.Join(dir, "ohfpd.yaml")
	if err := os.WriteFile(config, []byte("tick_seconds: 3600\n"), 0o600); err != nil { // one round, at the start
		t.Fatal(err)
	}
	bin, w, data := build(t), deployed(buildFunctions(t)), filepath.Join(dir, "data")
	env := slices.Concat([]string{"HOME=" + dir, "PATH=" + os.Getenv("PATH")}, w.env, []string{dynamoDB + "=" + door.URL})
	b, err := launch(filepath.Join(bin, "ohfpd"), data, env, append(w.flags(data), "--config", config)...)
	t.Cleanup(func() {
		if b == nil {
			return
		}
		if err := b.end(syscall.SIGTERM); err != nil {
			t.Error(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	c := &counted{T: t, broker: b, meter: m}
	c.until(func(w window) bool { return len(w.states) == 2 }) // the round at the start
	c.forget()
	c.furnish()
	return c
}

// furnish registers two pools of four hosts, and a template.
func (c *counted) furnish() {
	c.Helper()
	for _, name := range []string{"pool-a", "pool-b"} {
		var hosts []string
		for h := range 4 {
			hosts = append(hosts, fmt.Sprintf(`{"name": "%s-%d", "address": "192.0.2.%d", "attributes": {"ncpus": 8}}`, name, h, 1+h))
		}
		c.post("registerProviderStrategy", fmt.Sprintf(
			`{"strategy_name": %q, "provider_type": "static", "strategy_config": {"hosts": [%s], "check": {"kind": "none"}}}`, name, strings.Join(hosts, ", ")))
	}
	c.post("registerTemplate", `{"template_id": "web", "attributes": {"ncpus": 4}}`)
	c.settled()
}

// post sends a command and returns its answer.
func (c *counted) post(name, body string) []byte {
	c.Helper()
	if name == "executeProviderOperation" || name == "registerProviderStrategy" {
		c.begun++
	}
	return c.send(http.MethodPost, "/v1/commands/"+name, body)
}

func (c *counted) send(method, path, body string) []byte {
	c.Helper()
	c.asked++
	status, answer, err := c.ask(method, path, body, nil)
	if err != nil || status != http.StatusOK {
		c.Fatalf("%s: %d %s %v", path, status, answer, err)
	}
	return []byte(answer)
}

func (c *counted) create(n int, more string) (ids []string) {
	c.Helper()
	var v struct {
		ID     string `json:"operation_id"`
		Result struct {
			Machines []struct {
				ID string `json:"machine_id"`
			} `json:"machines"`
		} `json:"result"`
	}
	body := c.post("executeProviderOperation", fmt.Sprintf(
		`{"operation_type": "CREATE_INSTANCES", "parameters": {"template_id": "web", "count": %d}%s}`, n, more))
	if err := json.Unmarshal(body, &v); err != nil || len(v.Result.Machines) != n {
		c.Fatalf("want %d machines, got %s %v", n, body, err)
	}
	for _, m := range v.Result.Machines {
		ids = append(ids, m.ID)
	}
	c.operation = v.ID
	return ids
}

func (c *counted) about(operation string, ids []string) {
	c.Helper()
	c.post("executeProviderOperation", fmt.Sprintf(`{"operation_type": %q, "parameters": {"machine_ids": [%q, %q]}}`, operation, ids[0], ids[1]))
}

func (c *counted) health() {
	c.Helper()
	c.post("executeProviderOperation", `{"operation_type": "HEALTH_CHECK", "strategy_override": "pool-a"}`)
}

func (c *counted) choose(policy string) {
	c.Helper()
	c.post("selectProviderStrategy", fmt.Sprintf(`{"operation_type": "CREATE_INSTANCES", "selection_policy": %q}`, policy))
}

func (c *counted) poll() {
	c.Helper()
	c.send(http.MethodGet, "/v1/queries/getOperation?operation_id="+c.operation, "")
}

// window is what the log says since it was last read.
type window struct {
	functions []string // invoked, sorted
	states    []int    // entered, of each execution
	asked     int      // requests that came in
	answered  int      // those that a function answered
}

// line is a line of the log, of the daemon or of a function.
type line struct {
	Timestamp string `json:"timestamp"` // of a function
	Message   string `json:"message"`   // of a function
	Operation string `json:"operation"`
	Msg       string `json:"msg"` // of the daemon
	States    int    `json:"states"`
}

func (c *counted) window() (w window) {
	c.Helper()
	perKind := map[string]bool{}
	for _, row := range catalog.All() {
		perKind[row.Describe().Name] = row.Describe().PerKind
	}
	for text := range bytes.Lines(c.log()[c.read:]) {
		var l line
		if err := json.Unmarshal(text, &l); err != nil {
			continue // it is not written to its end
		}
		switch {
		case l.Message != "" && l.Timestamp < c.since: // of what was forgotten; it was in a pipe still
		case l.Message == "request" || l.Message == "step":
			name := op.Kebab(l.Operation)
			if perKind[l.Operation] {
				name += "-static"
			}
			w.functions = append(w.functions, name)
			if l.Message == "request" {
				w.answered++
			}
		case l.Msg == "execution ended":
			w.states = append(w.states, l.States)
		case l.Msg == "request" && l.Operation != "healthz":
			w.asked++
		}
	}
	slices.Sort(w.functions)
	return w
}

// until reads the log until it says enough.
func (c *counted) until(enough func(window) bool) window {
	c.Helper()
	beat := time.NewTicker(5 * time.Millisecond)
	defer beat.Stop()
	for late := time.After(startWithin); ; {
		if w := c.window(); enough(w) {
			return w
		}
		select {
		case <-beat.C:
		case <-late:
			c.Fatalf("the log does not say what was waited for:\n%s", c.log()[c.read:])
		}
	}
}

// settled waits until all that was asked for has ended, and forgets it.
func (c *counted) settled() {
	c.Helper()
	c.until(c.over)
	c.forget()
}

// over reports whether all that was asked for has ended. The lines of
// functions and of the daemon come in no order.
func (c *counted) over(w window) bool {
	return w.asked >= c.asked && w.answered >= c.asked && len(w.states) >= c.begun
}

// forget begins a window. Who has been answered has written his lines, which
// may still be on their way through the daemon: they are known by their time,
// which is in whole milliseconds.
func (c *counted) forget() {
	c.read, c.asked, c.begun = len(c.log()), 0, 0
	c.meter.Take()
	next := time.Now().Truncate(time.Millisecond).Add(time.Millisecond)
	for c.since = next.UTC().Format("2006-01-02T15:04:05.000Z"); time.Now().Before(next); {
		continue // for less than a millisecond
	}
}

// holds does something and compares what it made AWS do with the list. Beside
// the list there may be the looks of a caller who waits; a snapshot may have
// been kept.
func (c *counted) holds(want counts.Operation, do func()) {
	c.Helper()
	do()
	states := []int(nil)
	if want.Flow != counts.None {
		states = []int{len(want.States)}
	}
	var functions []string
	for _, s := range want.Steps {
		functions = append(functions, s.Function)
	}
	slices.Sort(functions)
	got := c.until(func(w window) bool { return c.over(w) && len(w.functions) >= len(functions) })
	if diff := cmp.Diff(functions, got.functions); diff != "" {
		c.Errorf("%s: functions invoked: want -, got +:\n%s", want.Name, diff)
	}
	if diff := cmp.Diff(states, got.states); diff != "" {
		c.Errorf("%s: states entered: want -, got +:\n%s", want.Name, diff)
	}
	c.called(want, c.meter.Take())
	c.forget()
}

// looks is the most that a caller who waits 25 s looks at the ledger.
const looks = 35

func (c *counted) called(want counts.Operation, calls []meter.Call) {
	c.Helper()
	left := map[string]int{} // how often more than listed
	for _, call := range calls {
		text := call.Action
		for _, k := range slices.Concat(call.Reads, call.Writes) {
			text += " " + counts.Pattern(k)
		}
		if call.Refused || call.Failed {
			text += " refused"
		}
		left[text]++
	}
	for _, s := range want.Steps {
		for _, call := range s.Calls {
			left[call.String()]--
		}
	}
	const registry, breakers, ledger = "Query REG/", "Query LIVE/", "Query OP#<operation>/"
	if left[registry] == -1 && left[breakers] == -1 {
		delete(left, registry)
		delete(left, breakers)
	}
	if n := left[ledger]; want.Awaited && n > 0 && n <= looks {
		delete(left, ledger)
	}
	for text, n := range left {
		if n != 0 {
			c.Errorf("%s: %+d × %s", want.Name, n, text)
		}
	}
}
