package cmd

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/shared/providers/aws/ec2test"
)

// region starts a double of EC2 whose time is the wall's.
func region(t *testing.T, name string) *ec2test.Server {
	t.Helper()
	return ec2test.Start(t, ec2test.Options{Region: name, Now: time.Now})
}

// all are the variables that lead every call of AWS to a double.
func all(s *ec2test.Server) (env []string) {
	for _, service := range []string{"EC2", "STS", "SERVICE_QUOTAS"} {
		env = append(env, "AWS_ENDPOINT_URL_"+service+"="+s.URL())
	}
	return env
}

// account is a broker whose providers are doubles of EC2.
type account struct {
	*broker

	t       *testing.T
	program string
	env     []string
}

func newAccount(t *testing.T, env ...string) *account {
	t.Helper()
	a := &account{t: t, program: filepath.Join(build(t), "ohfpd"), env: append(env,
		"HOME="+t.TempDir(), "AWS_ACCESS_KEY_ID="+ec2test.KeyID, "AWS_SECRET_ACCESS_KEY=of-the-double", "AWS_EC2_METADATA_DISABLED=true",
	)}
	a.start(filepath.Join(t.TempDir(), "data"))
	t.Cleanup(func() {
		if err := a.end(syscall.SIGTERM); err != nil {
			t.Error(err)
		}
	})
	return a
}

func (a *account) start(dir string) {
	a.t.Helper()
	b, err := launch(a.program, dir, a.env)
	if err != nil {
		a.t.Fatal(err)
	}
	a.broker = b
}

// crash ends the broker with SIGKILL and starts it again.
func (a *account) crash() {
	a.t.Helper()
	if err := a.end(syscall.SIGKILL); err != nil {
		a.t.Fatal(err)
	}
	a.start(a.dir)
}

// must sends a command and returns its answer.
func (a *account) must(operation, body string) string {
	a.t.Helper()
	status, answer, err := a.ask(http.MethodPost, "/v1/commands/"+operation, body, nil)
	if err != nil || status/100 != 2 {
		a.t.Fatalf("%s answered %d %s, %v", operation, status, answer, err)
	}
	return answer
}

func (a *account) register(name string, priority int, c *ec2test.Server) {
	a.t.Helper()
	a.must("registerProviderStrategy", fmt.Sprintf(
		`{"strategy_name": %q, "provider_type": "aws", "priority": %d, "strategy_config": {"region": %q, "endpoint_url": %q, "subnets": [%q]}}`,
		name, priority, c.Region(), c.URL(), ec2test.SubnetA))
}

func (a *account) template(layers string) {
	a.t.Helper()
	a.must("registerTemplate", fmt.Sprintf(
		`{"template_id": "web", "image": %q, "machine_types": [%q], "user_data": "#!/bin/sh\n", "tags": {"team": "a"}, "overrides": {"providers": {%s}}}`,
		ec2test.Image, ec2test.TypeLarge, layers))
}

// operation is what the tests read of one.
type operation struct {
	ID       string `json:"operation_id"`
	Status   string `json:"status"`
	Attempts []struct {
		Provider string `json:"provider_name"`
		State    string `json:"outcome"`
		Class    string `json:"class"`
	} `json:"attempts"`
	Result struct {
		Machines []struct {
			ID       string `json:"machine_id"`
			Provider string `json:"provider_name"`
		} `json:"machines"`
	} `json:"result"`
}

// execute carries an operation out and waits until it is closed.
func (a *account) execute(kind, parameters string) operation {
	a.t.Helper()
	return a.executeAs(kind, parameters, nil)
}

// executeLong is execute with the patience that a call has for which nobody
// waits: 50 s with a provider, not 5.
func (a *account) executeLong(kind, parameters string) operation {
	a.t.Helper()
	return a.executeAs(kind, parameters, map[string]string{"Prefer": "respond-async"})
}

func (a *account) executeAs(kind, parameters string, header map[string]string) operation {
	a.t.Helper()
	_, answer, err := a.ask(http.MethodPost, "/v1/commands/executeProviderOperation", fmt.Sprintf(`{"operation_type": %q, "parameters": %s}`, kind, parameters), header)
	if err != nil {
		a.t.Fatal(err)
	}
	return a.closed(a.read(answer))
}

func (a *account) read(answer string) operation {
	a.t.Helper()
	var o struct {
		Problem *operation `json:"operation"` // of one that failed
		operation
	}
	if err := json.Unmarshal([]byte(answer), &o); o.Problem != nil {
		return *o.Problem
	} else if err != nil || o.ID == "" {
		a.t.Fatalf("%v: %s", err, answer)
	}
	return o.operation
}

// closed waits for the end of an operation.
func (a *account) closed(o operation) operation {
	a.t.Helper()
	beat := time.NewTicker(50 * time.Millisecond)
	defer beat.Stop()
	for deadline := time.Now().Add(startWithin); time.Now().Before(deadline); <-beat.C {
		_, answer, err := a.ask(http.MethodGet, "/v1/queries/getOperation?operation_id="+o.ID, "", nil)
		if err != nil {
			a.t.Fatal(err)
		}
		if o = a.read(answer); o.Status != "RUNNING" && o.Status != "PENDING" {
			return o
		}
	}
	a.t.Fatalf("operation %s is %s:\n%s", o.ID, o.Status, a.log())
	return o
}

func (a *account) create(n int) operation {
	a.t.Helper()
	return a.execute("CREATE_INSTANCES", fmt.Sprintf(`{"template_id": "web", "count": %d}`, n))
}

func (o *operation) terminate() string {
	var ids []string
	for _, m := range o.Result.Machines {
		ids = append(ids, `"`+m.ID+`"`)
	}
	return `{"machine_ids": [` + strings.Join(ids, ",") + `]}`
}

// held are the machines that a double holds, by what a fact says of them.
func held(c *ec2test.Server, fact func(ec2test.Machine) string) map[string]int {
	n := map[string]int{}
	for _, m := range c.Machines() {
		n[fact(m)]++
	}
	return n
}

func whole(ec2test.Machine) string        { return "all" }
func payment(m ec2test.Machine) string    { return string(m.Market) }
func registered(m ec2test.Machine) string { return m.Tags["ohfp:provider"] }

func (a *account) equal(want, got any) {
	a.t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		a.t.Errorf("-want +got:\n%s", diff)
	}
}

func TestAPoolBurstsIntoEC2(t *testing.T) {
	t.Parallel()
	a, west := newAccount(t), region(t, "us-west-2")
	a.must("registerProviderStrategy", `{"strategy_name": "pool", "provider_type": "static", "priority": 0, "strategy_config": {"check": {"kind": "none"}, "hosts": [{"name": "h1", "address": "192.0.2.1"}, {"name": "h2", "address": "192.0.2.2"}]}}`)
	a.register("west", 1, west)
	a.template("")
	o := a.create(5)
	a.equal("SUCCEEDED", o.Status)
	a.equal(map[string]int{"all": 3}, held(west, whole))
	a.equal("SUCCEEDED", a.execute("TERMINATE_INSTANCES", o.terminate()).Status)
	a.equal(map[string]int{}, held(west, whole))
	a.equal(3, west.Made())
}

func TestWhatOneRegionLacksTheOtherMakes(t *testing.T) {
	t.Parallel()
	a, west, east := newAccount(t), region(t, "us-west-2"), region(t, "us-east-1")
	a.register("west", 0, west)
	a.register("east", 1, east)
	a.template("")
	west.Free(2)
	o := a.create(5)
	a.equal("SUCCEEDED", o.Status)
	a.equal([]int{2, 3}, []int{west.Made(), east.Made()})
	a.equal("CAPACITY", o.Attempts[0].Class)
}

func TestOnDemandAndSpotStandInForEachOther(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ first, second string }{{"ondemand", "spot"}, {"spot", "ondemand"}} {
		t.Run(c.first+" before "+c.second, func(t *testing.T) {
			t.Parallel()
			a, west := newAccount(t), region(t, "us-west-2")
			a.register("first", 0, west)
			a.register("second", 1, west)
			a.template(fmt.Sprintf(`"first": {"price_type": %q}, "second": {"price_type": %q}`, c.first, c.second))
			market := map[string]ec2test.Market{"ondemand": ec2test.OnDemand, "spot": ec2test.Spot}
			west.Room(ec2test.Pool{Type: ec2test.TypeLarge, Zone: west.Zone("a"), Market: market[c.first]}, 1)
			o := a.create(4)
			a.equal("SUCCEEDED", o.Status)
			a.equal(map[string]int{string(market[c.first]): 1, string(market[c.second]): 3}, held(west, payment))
			a.equal(4, west.Made())
		})
	}
}

// The answer of the first region is lost after its effect; so is the broker
// itself, which is killed while it waits. No machine is made twice, and none is
// forgotten.
func TestAnUnknownOutcomeMakesNothingTwice(t *testing.T) {
	t.Parallel()
	for name, trouble := range map[string]ec2test.Trouble{
		"an answer that is lost": {Action: "RunInstances", Lose: true, Times: 1},
		"an answer that is cut":  {Action: "RunInstances", Cut: true, Times: 1},
		"two that are lost":      {Action: "RunInstances", Lose: true, Times: 2},
		"nobody looks it up":     {Lose: true, Times: 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, west, east := newAccount(t), region(t, "us-west-2"), region(t, "us-east-1")
			a.register("west", 0, west)
			a.register("east", 1, east)
			a.template("")
			west.Free(3)
			west.Trouble(trouble)
			o := a.create(5)
			a.equal("SUCCEEDED", o.Status)
			a.equal([]int{3, 2}, []int{west.Made(), east.Made()})
			a.equal(5, len(o.Result.Machines))
		})
	}
}

func TestUnitsThatTheFirstLacksTheSecondMakesUpForWithAnUnknownOutcomeInBetween(t *testing.T) {
	a := newAccount(t)
	west, east := region(t, "us-west-2"), region(t, "us-east-1")
	a.register("west", 0, west)
	a.register("east", 1, east)
	a.must("registerTemplate", fmt.Sprintf(`{"template_id": "web", "image": %q, "machine_types": [%q, %q], "machine_weights": {%q: 4, %q: 2}}`,
		ec2test.Image, ec2test.TypeXLarge, ec2test.TypeLarge, ec2test.TypeXLarge, ec2test.TypeLarge))
	west.Room(ec2test.Pool{Type: ec2test.TypeXLarge, Zone: "us-west-2a", Market: ec2test.OnDemand}, 1)
	west.Room(ec2test.Pool{Type: ec2test.TypeLarge, Zone: "us-west-2a", Market: ec2test.OnDemand}, 1)
	west.Trouble(ec2test.Trouble{Action: "CreateFleet", Lose: true, Times: 1})
	o := a.execute("CREATE_INSTANCES", `{"template_id": "web", "units": 15}`)
	a.equal("SUCCEEDED", o.Status)
	kind := func(m ec2test.Machine) string { return m.Type }
	a.equal(map[string]int{ec2test.TypeXLarge: 1, ec2test.TypeLarge: 1}, held(west, kind)) // 6 units
	a.equal(map[string]int{ec2test.TypeXLarge: 3}, held(east, kind))                       // the other 9, and 3 that the last one brings
	a.equal(5, len(o.Result.Machines))
	a.equal("SUCCEEDED", a.execute("TERMINATE_INSTANCES", o.terminate()).Status)
	a.equal(0, len(west.Machines())+len(east.Machines()))

	// Where a limit leaves room for two machines, no more is asked for than two
	// of the smallest are worth.
	a.must("registerProviderStrategy", fmt.Sprintf(
		`{"strategy_name": "capped", "provider_type": "aws", "max_machines": 2, "strategy_config": {"region": %q, "endpoint_url": %q, "subnets": [%q]}}`,
		west.Region(), west.URL(), ec2test.SubnetB))
	o = a.execute("CREATE_INSTANCES", `{"template_id": "web", "units": 15}, "selection_criteria": {"exclude_strategies": ["west"]}`)
	a.equal("SUCCEEDED", o.Status)
	a.equal(map[string]int{ec2test.TypeXLarge: 1}, held(west, kind))
	a.equal(map[string]int{ec2test.TypeXLarge: 3}, held(east, kind))
}

// seen waits until a provider's machine types were looked at.
func (a *account) seen(provider string) (capabilities string) {
	a.t.Helper()
	beat := time.NewTicker(50 * time.Millisecond)
	defer beat.Stop()
	for deadline := time.Now().Add(startWithin); time.Now().Before(deadline); <-beat.C {
		status, answer, err := a.ask(http.MethodGet, "/v1/queries/getProviderCapabilities?provider_name="+provider, "", nil)
		if err != nil || status != http.StatusOK {
			a.t.Fatalf("%d %s, %v", status, answer, err)
		}
		if strings.Contains(answer, `"machine_types"`) {
			return answer
		}
	}
	a.t.Fatalf("nothing was seen of %s:\n%s", provider, a.log())
	return ""
}

func TestWhatMachineTypesHaveAndCostIsShownAndChosenBy(t *testing.T) {
	t.Parallel()
	a, west, east := newAccount(t), region(t, "us-west-2"), region(t, "us-east-1")
	west.SpotPrice(ec2test.Pool{Type: ec2test.TypeXLarge, Zone: "us-west-2a"}, "0.09")
	east.SpotPrice(ec2test.Pool{Type: ec2test.TypeXLarge, Zone: "us-east-1a"}, "0.04")
	a.must("registerTemplate", fmt.Sprintf(`{"template_id": "web", "image": %q, "machine_types": [%q], "price_type": "spot"}`, ec2test.Image, ec2test.TypeXLarge))
	a.register("west", 0, west)
	a.register("east", 0, east)
	seen := a.seen("west")
	for _, part := range []string{`"machine_type":"m7i.xlarge","ncpus":2,"nram":16384,"type":"X86_64"`, `"spot_price_per_hour":0.09,"spot_priced_at":`} {
		if !strings.Contains(seen, part) {
			t.Errorf("%s does not show %s", seen, part)
		}
	}
	a.seen("east")

	before := len(west.Calls("")) + len(east.Calls(""))
	_, templates, err := a.ask(http.MethodGet, "/v1/queries/getAvailableTemplates", "", nil)
	if want := `"ncpus":["Numeric","2"],"nram":["Numeric","16384"],"type":["String","X86_64"]`; err != nil || !strings.Contains(templates, want) {
		t.Errorf("a scheduler is shown %s, %v, want %s", templates, err, want)
	}
	chosen := a.must("selectProviderStrategy", `{"operation_type": "CREATE_INSTANCES", "template_id": "web", "selection_policy": "COST_OPTIMIZED"}`)
	for _, part := range []string{`"selected_strategy":"east"`, `"value":"0.04 per delivered machine-hour`, `price read `} {
		if !strings.Contains(chosen, part) {
			t.Errorf("%s does not show %s", chosen, part)
		}
	}
	if status, answer, err := a.ask(http.MethodPost, "/v1/commands/selectProviderStrategy",
		`{"operation_type": "CREATE_INSTANCES", "template_id": "web", "selection_criteria": {"max_cost_per_hour": 0.05}}`, nil); err != nil || status != http.StatusOK || !strings.Contains(answer, `"max_cost_per_hour"`) || !strings.Contains(answer, `"selected_strategy":"east"`) {
		t.Errorf("%d %s, %v", status, answer, err)
	}
	a.equal(before, len(west.Calls(""))+len(east.Calls(""))) // nobody was called to show or to choose

	offers := a.must("executeProviderOperation", `{"operation_type": "GET_AVAILABLE_TEMPLATES", "strategy_override": "east"}`)
	for _, part := range []string{`"ncpus":2`, `"nram":16384`, `"estimated_cost_per_hour":0.04`, `"priced_at":`} {
		if !strings.Contains(offers, part) {
			t.Errorf("%s does not show %s", offers, part)
		}
	}
}

func TestABrokerThatIsKilledWhileEC2AnswersMakesNothingTwice(t *testing.T) {
	t.Parallel()
	a, west, east := newAccount(t), region(t, "us-west-2"), region(t, "us-east-1")
	a.register("west", 0, west)
	a.register("east", 1, east)
	a.template("")
	west.Free(3)
	never := make(chan struct{})
	west.Trouble(ec2test.Trouble{Action: "RunInstances", Slow: never, Times: 1})
	b := a.broker // the one that is killed
	go func() {
		_, _, _ = b.ask(http.MethodPost, "/v1/commands/executeProviderOperation", `{"operation_type": "CREATE_INSTANCES", "parameters": {"template_id": "web", "count": 5}}`, nil)
	}()
	awaitCalls(t, west, "RunInstances")
	a.crash()
	_, answer, err := a.ask(http.MethodGet, "/v1/queries/listOperations", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	var all struct {
		Operations []operation `json:"operations"`
	}
	if err := json.Unmarshal([]byte(answer), &all); err != nil || len(all.Operations) != 1 {
		t.Fatalf("%v: %s", err, answer)
	}
	o := a.closed(all.Operations[0])
	a.equal("SUCCEEDED", o.Status)
	a.equal([]int{3, 2}, []int{west.Made(), east.Made()})
}

func awaitCalls(t *testing.T, c *ec2test.Server, action string) {
	t.Helper()
	beat := time.NewTicker(5 * time.Millisecond)
	defer beat.Stop()
	for deadline := time.Now().Add(startWithin); len(c.Calls(action)) == 0; <-beat.C {
		if time.Now().After(deadline) {
			t.Fatalf("nobody called %s", action)
		}
	}
}

func TestTwoBrokersOfOneAccountLeaveEachOthersMachinesAlone(t *testing.T) {
	t.Parallel()
	west := region(t, "us-west-2")
	one, other := newAccount(t), newAccount(t)
	for _, a := range []*account{one, other} {
		a.register("west", 0, west)
		a.template("")
	}
	first, second := one.create(2), other.create(3)
	brokers := func(m ec2test.Machine) string { return m.Tags["ohfp:broker"] }
	if n := held(west, brokers); len(n) != 2 {
		t.Errorf("machines by broker: %v", n)
	}
	status, answer, err := one.ask(http.MethodPost, "/v1/commands/executeProviderOperation", `{"operation_type": "TERMINATE_INSTANCES", "parameters": `+second.terminate()+`}`, nil)
	if err != nil || status != http.StatusNotFound {
		t.Errorf("another's machines: %d %s, %v", status, answer, err)
	}
	one.equal(map[string]int{"west": 5}, held(west, registered))
	one.equal("SUCCEEDED", one.execute("TERMINATE_INSTANCES", first.terminate()).Status)
	one.equal(map[string]int{"west": 3}, held(west, registered))
}

func TestWhatIsMissingInOneRegionLeavesNothingBehindAndGoesToTheNext(t *testing.T) {
	t.Parallel()
	for name, layer := range map[string]string{
		"an image":         `{"image": "ami-00000000"}`,
		"a subnet":         `{"subnets": ["subnet-9"]}`,
		"a group":          `{"security_groups": ["sg-9"]}`,
		"one of a fleet's": `{"image": "ami-00000000", "machine_types": ["m7i.large", "c7i.large"]}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, west, east := newAccount(t), region(t, "us-west-2"), region(t, "us-east-1")
			a.register("west", 0, west)
			a.register("east", 1, east)
			a.template(`"west": ` + layer)
			o := a.create(2)
			a.equal([]string{"SUCCEEDED", "OFFERING_CONFIG"}, []string{o.Status, o.Attempts[0].Class})
			a.equal([]int{0, 2}, []int{west.Made(), east.Made()})
			providers := []string{}
			for _, m := range o.Result.Machines {
				providers = append(providers, m.Provider)
			}
			a.equal([]string{"east", "east"}, slices.Sorted(slices.Values(providers)))
		})
	}
}

// The endpoints are the operator's, and so is the role: the registration names
// the role alone.
func TestAThousandMachinesAtOnceAreMadeAndEndedOnce(t *testing.T) {
	t.Parallel()
	a, west := newAccount(t), region(t, "us-west-2")
	a.register("west", 0, west)
	a.template("")
	o := a.executeLong("CREATE_INSTANCES", `{"template_id": "web", "count": 1000}`)
	a.equal("SUCCEEDED", o.Status)
	a.equal([]int{1000, 1000, 1}, []int{len(o.Result.Machines), west.Made(), len(west.Calls("RunInstances"))})
	a.equal("SUCCEEDED", a.executeLong("TERMINATE_INSTANCES", o.terminate()).Status)
	a.equal(map[string]int{}, held(west, whole))
}

func TestABrokerActsInARoleOfTheAccount(t *testing.T) {
	t.Parallel()
	const role = "arn:aws:iam::111122223333:role/ohfp-provider-west"
	west := region(t, "us-west-2")
	west.AddRole(role, "ours")
	a := newAccount(t, all(west)...)
	register := `{"strategy_name": %q, "provider_type": "aws", "strategy_config": {"region": "us-west-2", "role_arn": %q, "external_id": %q}}`
	a.must("registerProviderStrategy", fmt.Sprintf(register, "west", role, "ours"))
	a.must("registerProviderStrategy", fmt.Sprintf(register, "stranger", role, "another"))
	a.template("")
	a.equal("SUCCEEDED", a.execute("CREATE_INSTANCES", `{"template_id": "web", "count": 2}`).Status)
	asking := func(kind, provider, parameters string) string {
		t.Helper()
		_, answer, err := a.ask(http.MethodPost, "/v1/commands/executeProviderOperation",
			fmt.Sprintf(`{"operation_type": %q, "strategy_override": %q%s}`, kind, provider, parameters), nil)
		if err != nil {
			t.Fatal(err)
		}
		return answer
	}
	if answer := asking("VALIDATE_TEMPLATE", "west", `, "parameters": {"template_id": "web"}`); !strings.Contains(answer, `"valid":true`) {
		t.Errorf("the template that works: %s", answer)
	}
	if answer := asking("HEALTH_CHECK", "stranger", ""); !strings.Contains(answer, "the role "+role+" cannot be used") {
		t.Errorf("a role that cannot be assumed: %s", answer)
	}
	a.equal(2, west.Made())
}
