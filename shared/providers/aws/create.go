package aws

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/providers"
)

// launched is what EC2 answered to a call for machines.
type launched struct {
	machines  []broker.Machine
	shortfall []error // *fault.ProviderError; none of them leaves open what was made
}

// Create makes all machines by one call. What EC2 does not show yet is PENDING.
// Machines that have ended meanwhile are left out: a replay does not count them.
func (d *Driver) Create(ctx context.Context, spec broker.CreateSpec) (providers.CreateResult, error) {
	w, err := d.wish(&spec)
	if err != nil {
		return providers.CreateResult{}, err
	}
	api, err := d.api(ctx)
	if err != nil {
		return providers.CreateResult{}, err
	}
	launch := d.run
	if w.fleet() {
		launch = d.fleet
	}
	l, err := launch(ctx, api, w)
	if coded(err, "IdempotentParameterMismatch") {
		return d.mismatched(ctx, &spec, err)
	}
	if err != nil {
		return providers.CreateResult{}, err
	}
	l.machines = d.detailed(ctx, api, &spec, l.machines)
	if len(l.machines) == 0 {
		return providers.CreateResult{}, nothing(l.shortfall)
	}
	return providers.CreateResult{Machines: l.machines, Shortfall: l.shortfall, Settled: true}, nil
}

// nothing is the error of a creation of which no machine exists: of several
// reasons the one that says most about where to go next.
func nothing(reasons []error) error {
	for _, class := range []fault.Class{
		fault.Capacity, fault.Quota, fault.Throttle, fault.Auth, fault.OfferingConfig, fault.Validation, fault.Server,
	} {
		for _, r := range reasons {
			if p := fault.AsProvider(r); p.Class == class {
				return p
			}
		}
	}
	return &fault.ProviderError{Class: fault.Capacity, Sent: true, Code: "ended", Message: "the machines that EC2 made for this attempt have ended"}
}

// mismatched resolves a token that EC2 knows with other parameters: what it
// made is looked up by its tags. Whether that is all stays open.
func (d *Driver) mismatched(ctx context.Context, spec *broker.CreateSpec, mismatch error) (providers.CreateResult, error) {
	found, err := d.Find(ctx, *spec)
	if err != nil || len(found) == 0 {
		return providers.CreateResult{}, mismatch
	}
	r := providers.CreateResult{Machines: found}
	if spec.Worth(found) < spec.Count {
		r.Shortfall = []error{mismatch}
	}
	return r, nil
}

// Poll is never needed: nothing is left pending. It answers as Create does.
func (d *Driver) Poll(ctx context.Context, spec broker.CreateSpec, _ json.RawMessage) (providers.CreateResult, error) {
	return d.Create(ctx, spec)
}

// detailed completes machines with what a look-up says of them and leaves out
// those that have ended. When it fails they stay as they are: they exist.
func (d *Driver) detailed(ctx context.Context, api *client, spec *broker.CreateSpec, made []broker.Machine) []broker.Machine {
	if len(made) == 0 || allKnown(made) {
		return alive(made)
	}
	found, err := d.instances(ctx, api, byAttempt(spec))
	if err != nil {
		return alive(made)
	}
	seen := map[string]*types.Instance{}
	for i := range found {
		seen[*found[i].InstanceId] = &found[i]
	}
	for i := range made {
		if in, ok := seen[made[i].ID]; ok {
			made[i] = d.machine(in, spec)
		}
	}
	return alive(made)
}

func allKnown(made []broker.Machine) bool {
	for i := range made {
		if made[i].PrivateIP == "" && !made[i].Status.Final() {
			return false
		}
	}
	return true
}

func alive(made []broker.Machine) []broker.Machine {
	var all []broker.Machine
	for i := range made {
		if !made[i].Status.Final() {
			all = append(all, made[i])
		}
	}
	return all
}

// short is a reason for fewer machines than asked: EC2 answered, so that it
// leaves nothing open.
func short(code, message string) *fault.ProviderError {
	p := &fault.ProviderError{Class: classOf(code, message), Code: code}
	p.Sent = !p.Class.Rule().Ambiguous // such an answer is certain, and only a request that did not leave is that otherwise
	p.Message = fmt.Sprintf("EC2 refuses: %s (%s)", message, code)
	if what := remedy(code, p.Class); what != "" {
		p.Message += "; " + what
	}
	if p.Class == fault.Throttle {
		p.RetryAfter = defaultHint
	}
	return p
}
