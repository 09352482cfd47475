package cmd

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/shared/host/eventqueue/sqstest"
	"github.com/openhostfactory/ohfp/shared/providers/aws/ec2test"
)

// spotSite is a broker with spot machines at a double of EC2, whose time can be
// ahead of the wall's, and the scripts that a scheduler calls.
type spotSite struct {
	*account

	west    *ec2test.Server
	ahead   *atomic.Int64 // nanoseconds
	scripts string        // of the broker that runs now
}

// newSpotSite starts one with this configuration file.
func newSpotSite(t *testing.T, ahead *atomic.Int64, configuration string) *spotSite {
	t.Helper()
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "ohfp"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "ohfp", "ohfpd.yaml"), []byte(configuration), 0o600); err != nil {
		t.Fatal(err)
	}
	s := &spotSite{ahead: ahead, west: ec2test.Start(t, ec2test.Options{Now: clockAhead(ahead)})}
	s.account = newAccount(t, "XDG_CONFIG_HOME="+dir, "AWS_REGION=us-west-2", "PATH="+build(t)+string(os.PathListSeparator)+os.Getenv("PATH"))
	s.register("west", 0, s.west)
	s.template(`"west": {"price_type": "spot"}`)
	s.install()
	return s
}

func clockAhead(d *atomic.Int64) func() time.Time {
	return func() time.Time { return time.Now().Add(time.Duration(d.Load())) }
}

func (s *spotSite) pass(d time.Duration) { s.ahead.Add(int64(d)) }

// install installs the plug-in for the broker that runs now.
func (s *spotSite) install() {
	s.t.Helper()
	dir := filepath.Join(s.t.TempDir(), "plug")
	s.ohfp("hostfactory", "install", "--dir", dir)
	s.scripts = filepath.Join(dir, "scripts")
}

func (s *spotSite) ohfp(args ...string) string {
	s.t.Helper()
	cmd := exec.CommandContext(s.t.Context(), filepath.Join(build(s.t), "ohfp"), append(args, "--endpoint", s.endpoint, "--token-file", s.tokenFile())...)
	cmd.Env = s.env
	out, err := cmd.Output()
	if err != nil {
		s.t.Fatalf("ohfp %v: %v: %s", args, err, out)
	}
	return string(out)
}

// reclaim is what a scheduler is told of a machine.
type reclaim struct {
	MachineID   string `json:"machineId"`
	GracePeriod int    `json:"gracePeriod"`
}

func (s *spotSite) reclaims() []reclaim {
	s.t.Helper()
	input := filepath.Join(s.t.TempDir(), "in.json")
	if err := os.WriteFile(input, []byte(`{}`), 0o600); err != nil {
		s.t.Fatal(err)
	}
	cmd := exec.CommandContext(s.t.Context(), filepath.Join(s.scripts, "getReturnRequests.sh"), "-f", input)
	cmd.Env = s.env
	out, err := cmd.Output()
	var answer struct{ Requests []reclaim }
	if err := json.Unmarshal(out, &answer); err != nil {
		s.t.Fatalf("%v: %s", err, out)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return answer.Requests
}

// told waits until a scheduler is told of so many machines.
func (s *spotSite) told(n int) []reclaim {
	s.t.Helper()
	return await(s, func() ([]reclaim, bool) { all := s.reclaims(); return all, len(all) == n })
}

func await[T any](s *spotSite, look func() (T, bool)) T {
	s.t.Helper()
	beat := time.NewTicker(100 * time.Millisecond)
	defer beat.Stop()
	for deadline := time.Now().Add(startWithin); time.Now().Before(deadline); <-beat.C {
		if v, ok := look(); ok {
			return v
		}
	}
	v, _ := look()
	s.t.Fatalf("still %+v:\n%s", v, s.log())
	return v
}

// recorded is the status of a machine in the records.
func (s *spotSite) recorded(id string) string {
	s.t.Helper()
	var answer struct {
		Machines []struct {
			ID     string `json:"machine_id"`
			Status string `json:"status"`
		} `json:"machines"`
	}
	if err := json.Unmarshal([]byte(s.ohfp("listMachines")), &answer); err != nil {
		s.t.Fatal(err)
	}
	for _, m := range answer.Machines {
		if m.ID == id {
			return m.Status
		}
	}
	return "unknown"
}

func (s *spotSite) losses() int { return strings.Count(s.ohfp("events"), `"MachineLost"`) }

// notice is how many seconds before it takes a machine EC2 warns.
const notice = 120

// left fails the test unless one machine has so many seconds left, at least.
func (s *spotSite) left(all []reclaim, id string, least int) {
	s.t.Helper()
	if len(all) != 1 || all[0].MachineID != id || all[0].GracePeriod < least || all[0].GracePeriod > notice {
		s.t.Errorf("%+v, want %s with %d to %d s", all, id, least, notice)
	}
}

// leftSince is how many seconds of the notice are left, at least, of one given
// then: however long the tests took, and three seconds less for what is rounded.
func leftSince(warned time.Time) int {
	return max(0, notice-int(time.Since(warned).Seconds())-3)
}

// busEvent is an event as EventBridge puts it on a queue.
func busEvent(kind string, at time.Time, detail string) string {
	return fmt.Sprintf(`{"version": "0", "id": "12345678-1234-1234-1234-123456789012", "detail-type": %q, "source": "aws.ec2", "account": "111122223333",
		"time": %q, "region": "us-west-2", "resources": [], "detail": %s}`, kind, at.UTC().Format(time.RFC3339), detail)
}

// A spot machine is warned, the scheduler is told with the seconds that are
// left, the broker is killed after it has recorded the event and before it could
// take it from the queue, the machine goes, and is lost once.
func TestASpotMachineIsTakenBackAndTheSchedulerIsTold(t *testing.T) {
	t.Parallel()
	ahead := new(atomic.Int64)
	queue := sqstest.Start(t, sqstest.Options{Now: clockAhead(ahead)})
	s := newSpotSite(t, ahead, "event_queues: ["+queue.URL()+"]\n")
	o := s.create(2)
	s.equal("SUCCEEDED", o.Status)
	taken, kept := o.Result.Machines[0].ID, o.Result.Machines[1].ID
	s.equal(0, len(s.reclaims()))

	queue.Trouble("DeleteMessageBatch", sqstest.Trouble{Refuse: "InternalError", Status: 500, Times: 1000})
	warned := time.Now()
	s.west.Interrupt(taken)
	queue.Send(
		busEvent("EC2 Instance State-change Notification", warned, `{"instance-id": "i-0fffffffffffffff0", "state": "terminated"}`), // another's
		"no event",
		busEvent("EC2 Spot Instance Interruption Warning", warned, `{"instance-id": "`+taken+`", "instance-action": "terminate"}`),
	)
	s.left(s.told(1), taken, leftSince(warned))
	s.crash()
	queue.Trouble("DeleteMessageBatch", sqstest.Trouble{})
	s.install()
	s.left(s.told(1), taken, leftSince(warned))

	s.pass(2 * time.Minute) // it goes, and what the dead broker had is seen again
	ended := busEvent("EC2 Instance State-change Notification", warned.Add(2*time.Minute), `{"instance-id": "`+taken+`", "state": "terminated"}`)
	queue.Send(ended, ended, busEvent("EC2 Instance State-change Notification", warned.Add(119*time.Second), `{"instance-id": "`+taken+`", "state": "shutting-down"}`))
	await(s, func() (string, bool) { is := s.recorded(taken); return is, is == "LOST" })
	await(s, func() (int, bool) { // nobody's, and what is none, comes some more times
		s.pass(5 * time.Second)
		return queue.Left(), queue.Left() == 0
	})
	s.left(s.told(1), taken, 0)
	s.equal([]any{1, "RUNNING", 2}, []any{s.losses(), s.recorded(kept), s.west.Made()})
	s.equal("SUCCEEDED", s.execute("TERMINATE_INSTANCES", `{"machine_ids": ["`+kept+`"]}`).Status)
	queue.Send(busEvent("EC2 Instance State-change Notification", time.Now(), `{"instance-id": "`+kept+`", "state": "terminated"}`))
	await(s, func() (int, bool) { return queue.Left(), queue.Left() == 0 })
	s.equal([]any{1, "TERMINATED"}, []any{s.losses(), s.recorded(kept)})
}

// The same without a queue: the broker looks.
func TestASpotMachineThatNobodyTellsOfIsSeenToBeTakenBack(t *testing.T) {
	t.Parallel()
	s := newSpotSite(t, new(atomic.Int64), "watch_seconds: 1\n")
	o := s.create(2)
	taken, kept := o.Result.Machines[0].ID, o.Result.Machines[1].ID
	awaitCalls(t, s.west, "DescribeSpotInstanceRequests")
	warned := time.Now()
	s.west.Interrupt(taken)
	s.left(s.told(1), taken, leftSince(warned))
	s.crash()
	s.install()
	s.left(s.told(1), taken, leftSince(warned))
	s.west.Trouble(ec2test.Trouble{Refuse: &ec2test.Error{Code: "InternalError", Message: "An internal error has occurred", Status: 500}, Times: 2})
	s.pass(2 * time.Minute)
	await(s, func() (string, bool) { is := s.recorded(taken); return is, is == "LOST" })
	s.left(s.told(1), taken, 0)
	s.equal([]any{1, "RUNNING", 2}, []any{s.losses(), s.recorded(kept), s.west.Made()})
	s.equal("SUCCEEDED", s.execute("TERMINATE_INSTANCES", `{"machine_ids": ["`+kept+`"]}`).Status)
	s.equal([]any{1, "TERMINATED"}, []any{s.losses(), s.recorded(kept)})
}
