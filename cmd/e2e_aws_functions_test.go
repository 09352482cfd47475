package cmd

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/openhostfactory/ohfp/shared/providers/aws/ec2test"
)

// TestTheFunctionsMakeMachinesOfEC2 has the binaries of attempt-aws, probe-aws
// and sweep-aws, as they are deployed, make machines of a double, lose an answer
// of it, end machines, and look for those that nobody recorded.
func TestTheFunctionsMakeMachinesOfEC2(t *testing.T) {
	if os.Getenv(dynamoDB) == "" {
		t.Skip("NOT TESTED: the functions of EC2, because " + dynamoDB + " names no DynamoDB; make test-dynamodb runs one")
	}
	t.Parallel()
	w := deployed(buildFunctions(t))
	dir := filepath.Join(t.TempDir(), "data")
	a := &account{t: t, program: filepath.Join(build(t), "ohfpd"), env: append(w.env,
		"HOME="+t.TempDir(), "AWS_ACCESS_KEY_ID="+ec2test.KeyID, "AWS_SECRET_ACCESS_KEY=of-the-double", "AWS_EC2_METADATA_DISABLED=true",
	)}
	flags := w.flags(dir)
	b, err := launch(a.program, dir, a.env, flags...)
	if err != nil {
		t.Fatal(err)
	}
	a.broker = b
	t.Cleanup(func() {
		if err := b.end(syscall.SIGTERM); err != nil {
			t.Error(err)
		}
	})
	west := region(t, "us-west-2")
	a.must("registerProviderStrategy", `{"strategy_name": "pool", "provider_type": "static", "priority": 0, "strategy_config": {"check": {"kind": "none"}, "hosts": [{"name": "h1", "address": "192.0.2.1"}]}}`)
	a.template("")
	a.register("west", 1, west)

	a.seen("west") // by probe-aws
	o := a.create(3)
	a.equal("SUCCEEDED", o.Status)
	a.equal(map[string]int{"all": 2}, held(west, whole))
	a.equal("SUCCEEDED", a.execute("TERMINATE_INSTANCES", o.terminate()).Status)
	a.equal(map[string]int{}, held(west, whole))

	west.Trouble(ec2test.Trouble{Action: "RunInstances", Lose: true, Times: 1})
	o = a.create(4)
	a.equal("SUCCEEDED", o.Status)
	a.equal(map[string]int{"all": 3}, held(west, whole))
	a.equal(5, west.Made())

	lost := o.Result.Machines[len(o.Result.Machines)-1].ID
	west.Vanish(lost)
	table := strings.TrimPrefix(flags[1], "dynamodb:")
	sweeper := newLambda(t, w.flags(dir)[len(flags)-1], append(a.env, "OHFP_TABLE="+table), "sweep-aws")
	if told := sweeper.invoke("sweep-aws", []byte(`{"provider_name": "west"}`)); told.code != "" {
		t.Errorf("sweeping: %+v", told)
	}
	status, report, err := a.ask(http.MethodGet, "/v1/queries/getSweeperReport?provider_name=west", "", nil)
	if err != nil || status != http.StatusOK || !strings.Contains(report, `"listed":2,"recorded":2`) {
		t.Errorf("the report says %d %s, %v", status, report, err)
	}
	a.equal(2, len(west.Machines()))
}
