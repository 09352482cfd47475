package aws_test

import (
	"context"
	"encoding/json"
	"sync"
	"testing"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/providers/aws"
	"github.com/openhostfactory/ohfp/shared/providers/aws/ec2test"
	"github.com/openhostfactory/ohfp/shared/providers/config"
)

const west = "aws-west"

// clock is a time that moves when it is told to.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// records are the broker's records of machines.
type records struct {
	mu  sync.Mutex
	all map[string]broker.Machine
	err error
}

func (r *records) Record(machines ...broker.Machine) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, m := range machines {
		r.all[m.ID] = m
	}
}

func (r *records) Machines(_ context.Context, ids []string) ([]broker.Machine, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var some []broker.Machine
	for _, id := range ids {
		if m, ok := r.all[id]; ok {
			some = append(some, m)
		}
	}
	return some, r.err
}

func (r *records) OwnedMachines(context.Context, string, int) ([]broker.Machine, error) {
	return nil, r.err
}

// site is EC2 with a driver in front of it.
type site struct {
	*ec2test.Server

	tb      testing.TB
	clock   *clock
	records *records
	opener  *aws.Opener
	driver  *aws.Driver
}

// region is a site's registration with two subnets, unless a test changes it.
func newSite(tb testing.TB, change ...func(*config.AWS)) *site {
	tb.Helper()
	s := &site{tb: tb, clock: newClock(), records: &records{all: map[string]broker.Machine{}}}
	s.Server = ec2test.Start(tb, ec2test.Options{Now: s.clock.Now})
	s.opener = s.open(s.reach)
	c := config.AWS{Region: s.Region(), Subnets: []string{ec2test.SubnetA}, SecurityGroups: []string{ec2test.SecurityGroup}}
	for _, f := range change {
		f(&c)
	}
	s.driver = s.register(c)
	return s
}

func (s *site) open(reach func(context.Context, string) (awssdk.Config, error)) *aws.Opener {
	s.tb.Helper()
	o, err := aws.New(aws.Options{Config: reach, Machines: s.records, Now: s.clock.Now})
	if err != nil {
		s.tb.Fatalf("making the opener: %v", err)
	}
	return o
}

func (s *site) register(c config.AWS) *aws.Driver {
	s.tb.Helper()
	raw, err := json.Marshal(c)
	if err != nil {
		s.tb.Fatalf("writing the configuration: %v", err)
	}
	d, err := s.opener.Open(broker.Registration{Name: west, Kind: "aws", Config: raw})
	if err != nil {
		s.tb.Fatalf("opening: %v", err)
	}
	driver, ok := d.(*aws.Driver)
	if !ok {
		s.tb.Fatalf("got a %T", d)
	}
	return driver
}

// reach is the AWS configuration of the broker's machine.
func (s *site) reach(context.Context, string) (awssdk.Config, error) {
	return awssdk.Config{BaseEndpoint: new(s.URL()), Credentials: static(ec2test.KeyID)}, nil
}

func static(key string) awssdk.CredentialsProvider {
	return awssdk.CredentialsProviderFunc(func(context.Context) (awssdk.Credentials, error) {
		return awssdk.Credentials{AccessKeyID: key, SecretAccessKey: "of the double"}, nil
	})
}

// template is one machine type of the double's stock.
func template(change ...func(*broker.ResolvedTemplate)) broker.ResolvedTemplate {
	t := broker.ResolvedTemplate{ID: "web", Image: ec2test.Image, MachineTypes: []string{ec2test.TypeLarge}}
	for _, f := range change {
		f(&t)
	}
	return t
}

// extra sets the kind's own fields.
func extra(tb testing.TB, e config.AWSTemplate) func(*broker.ResolvedTemplate) {
	tb.Helper()
	raw, err := json.Marshal(e)
	if err != nil {
		tb.Fatalf("writing the fields for aws: %v", err)
	}
	return func(t *broker.ResolvedTemplate) { t.Extra = raw }
}

func types(names ...string) func(*broker.ResolvedTemplate) {
	return func(t *broker.ResolvedTemplate) { t.MachineTypes = names }
}

func paid(how string) func(*broker.ResolvedTemplate) {
	return func(t *broker.ResolvedTemplate) { t.PriceType = how }
}

// order is a creation of an operation of its own.
func order(operation string, count int, t broker.ResolvedTemplate) broker.CreateSpec {
	return broker.CreateSpec{
		BrokerID: "7f1e2d3c-0000-4000-8000-000000000001", OperationID: operation, Attempt: 1, Token: "token-of-" + operation, Template: t, Count: count,
	}
}

func raw(tb testing.TB, e config.AWSTemplate) json.RawMessage {
	tb.Helper()
	var t broker.ResolvedTemplate
	extra(tb, e)(&t)
	return t.Extra
}
