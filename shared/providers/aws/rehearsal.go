package aws

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/providers"
)

// rehearsal tries what makes and ends something, by dry runs of the very calls
// that the broker would make: a role that is another broker's shows.
type rehearsal struct {
	driver *Driver
	api    *client
	of     providers.Examination
}

// The actions that have an effect, as policies name them.
const (
	actRun      = "ec2:RunInstances"
	actFleet    = "ec2:CreateFleet"
	actTemplate = "ec2:CreateLaunchTemplate"
	actEnd      = "ec2:TerminateInstances"
)

// tries are those with an effect. A compatible cloud is asked for none: some
// carry out what they are asked to rehearse, and then a machine would be gone.
func (r *rehearsal) tries() []try {
	if r.driver.config.EndpointURL != "" {
		const why = "what is at endpoint_url may not heed DryRun; a machine that is made and ended shows it"
		var none []try
		for _, action := range []string{actRun, actFleet, actTemplate, actEnd} {
			none = append(none, func(context.Context) broker.Check { return untried(action, why) })
		}
		return none
	}
	typed := func(w *wish) bool { return w.extra.Requirements == nil }
	return []try{
		r.byTemplate(actRun, "no template names a machine type for this provider; register one", typed, r.run),
		r.byTemplate(actFleet, "no template works out at this provider; register one", func(*wish) bool { return true }, r.fleet),
		r.launchTemplate,
		r.end,
	}
}

func untried(action, why string) broker.Check {
	return broker.Check{Name: action, Unproven: true, Message: "not tried: " + why}
}

// verdict is what an answer shows of an action that has an effect. The role of
// an account gives the right to what carries the broker's tag.
func (r *rehearsal) verdict(action string, err error) broker.Check {
	c := permission(action, err)
	switch {
	case err == nil:
		c.OK = false
		c.Message = "it was carried out, for all that a dry run was asked for: look in the account what carries the tags ohfp:broker=" + r.of.BrokerID + " and ohfp:operation=" + rehearsed
	case coded(err, "UnauthorizedOperation"):
		c.Message += ", for what carries the tag ohfp:broker=" + r.of.BrokerID + ": ohfp aws provider-role prints the policy"
	}
	return c
}

// rehearsed is the operation that a dry run names.
const rehearsed = "examination"

// mostTemplates is how many templates an action is tried with, until one shows
// something.
const mostTemplates = 3

// byTemplate tries an action with one template after the other of those that
// fit. The first answer stands when none shows anything.
func (r *rehearsal) byTemplate(action, none string, fits func(*wish) bool, ask func(context.Context, *wish) broker.Check) try {
	return func(ctx context.Context) broker.Check {
		var open []broker.Check
		for _, w := range r.wishes(fits) {
			c := ask(ctx, w)
			c.Message += " (template " + w.template.ID + ")"
			if !c.Unproven {
				return c
			}
			open = append(open, c)
		}
		return append(open, untried(action, none))[0]
	}
}

// wishes are for one machine of each of the first templates that fit.
func (r *rehearsal) wishes(fits func(*wish) bool) (some []*wish) {
	for _, t := range r.of.Templates {
		w, err := r.driver.wish(&broker.CreateSpec{BrokerID: r.of.BrokerID, OperationID: rehearsed, Attempt: 1, Template: t, Count: 1})
		if err == nil && fits(w) && len(some) < mostTemplates { // one that can never work shows nothing
			some = append(some, w)
		}
	}
	return some
}

// run rehearses a machine of a wish's first choice.
func (r *rehearsal) run(ctx context.Context, w *wish) broker.Check {
	in, err := r.driver.runInput(ctx, r.api, w)
	if err != nil {
		return untried(actRun, fault.AsProvider(err).Message)
	}
	in.DryRun, in.ClientToken = new(true), nil
	_, err = call(ctx, r.api.RunInstances, in)
	return r.verdict(actRun, err)
}

// fleet rehearses a fleet of one machine. Its launch template may not be there
// yet, and is not made for this.
func (r *rehearsal) fleet(ctx context.Context, w *wish) broker.Check {
	spec, data, err := r.driver.nameTemplate(ctx, r.api, w)
	if err != nil {
		return untried(actFleet, fault.AsProvider(err).Message)
	}
	in := r.driver.fleetInput(w, spec)
	in.DryRun, in.ClientToken = new(true), nil
	_, err = call(ctx, r.api.CreateFleet, in)
	c := r.verdict(actFleet, err)
	if data != nil && coded(err, "InvalidLaunchTemplate") {
		c.Message = "not shown: EC2 misses the launch template, which the broker makes with the template's first fleet, and does not say whether it looks at permissions before that; ask again after that fleet"
	}
	return c
}

// launchTemplate rehearses one. It needs no template of the broker's.
func (r *rehearsal) launchTemplate(ctx context.Context) broker.Check {
	_, err := call(ctx, r.api.CreateLaunchTemplate, &ec2.CreateLaunchTemplateInput{
		DryRun: new(true), LaunchTemplateName: new("ohfp-" + rehearsed),
		TagSpecifications:  r.driver.tagged(map[string]string{TagBroker: r.of.BrokerID, TagOperation: rehearsed}, types.ResourceTypeLaunchTemplate),
		LaunchTemplateData: &types.RequestLaunchTemplateData{InstanceType: types.InstanceTypeM7iLarge},
	})
	return r.verdict(actTemplate, err)
}

// end rehearses the end of a machine that carries the broker's tag.
func (r *rehearsal) end(ctx context.Context) broker.Check {
	out, err := call(ctx, r.api.DescribeInstances, &ec2.DescribeInstancesInput{
		Filters:    []types.Filter{filter("tag:"+TagBroker, r.of.BrokerID), filter("instance-state-name", "pending", "running", "stopping", "stopped")},
		MaxResults: new(int32(pageSize)),
	})
	if err != nil {
		return untried(actEnd, "the broker's machines could not be looked up: "+fault.AsProvider(err).Message)
	}
	id := r.owned(out)
	if id == "" {
		return untried(actEnd, "no machine here carries the tag ohfp:broker="+r.of.BrokerID+"; ask again while one runs")
	}
	_, err = call(ctx, r.api.TerminateInstances, &ec2.TerminateInstancesInput{DryRun: new(true), InstanceIds: []string{id}})
	c := r.verdict(actEnd, err)
	c.Message += " (machine " + id + ")"
	return c
}

// owned is a machine that says itself that it is the broker's; "" when there is
// none.
func (r *rehearsal) owned(out *ec2.DescribeInstancesOutput) string {
	for i := range out.Reservations {
		all := out.Reservations[i].Instances
		if n := slices.IndexFunc(all, func(m types.Instance) bool { return m.InstanceId != nil && tagOf(m.Tags, TagBroker) == r.of.BrokerID }); n >= 0 {
			return *all[n].InstanceId
		}
	}
	return ""
}
