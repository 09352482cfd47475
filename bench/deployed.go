package main

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	ddb "github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/openhostfactory/ohfp/examples/site"
)

const dynamoDB = "AWS_ENDPOINT_URL_DYNAMODB"

// How often an operation of functions is played, and for how many of them the
// time in DynamoDB is taken.
const (
	deployedPairs = 40
	clockedPairs  = 20
	pair, hosts   = "pair", 2 // the pool, all of which is taken and given back
)

// deployment is a broker whose operations are carried out by its functions.
type deployment struct {
	bin, build, dir string // build is "" for a broker in one process
	table           string
	least           time.Duration // of a warm invocation of the empty function
}

// deployed measures operations from end to end: HTTP, functions, workflows and
// DynamoDB. Without one it is left out, loudly; in CI that is an error.
func deployed(ctx context.Context, r *report, d deployment) (err error) {
	if os.Getenv(dynamoDB) == "" {
		return unmeasured()
	}
	for name, value := range map[string]string{"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_REGION": "us-east-1"} {
		if os.Getenv(name) == "" {
			if err := os.Setenv(name, value); err != nil {
				return fmt.Errorf("naming a region and credentials: %w", err)
			}
		}
	}
	d.table = fmt.Sprintf("ohfp-bench-%d", time.Now().UnixNano())
	defer func() { err = errors.Join(err, d.dropTable()) }() //nolint:contextcheck // also after an interrupt
	progress("%d operations of functions, and of one process, one after the other", 2*(2*deployedPairs+clockedPairs))
	var m measuredWays
	if m.functions, err = d.play(ctx, os.Getenv(dynamoDB), deployedPairs, nil); err != nil {
		return err
	}
	if m.clocked, err = d.playClocked(ctx); err != nil {
		return err
	}
	d.build = ""
	if m.process, err = d.play(ctx, os.Getenv(dynamoDB), deployedPairs, nil); err != nil {
		return err
	}
	m.add(r, d.least)
	return nil
}

// playClocked has a clock between the functions and DynamoDB.
func (d deployment) playClocked(ctx context.Context) (*played, error) {
	c, err := newClock(os.Getenv(dynamoDB))
	if err != nil {
		return nil, err
	}
	door := httptest.NewServer(c)
	defer door.Close()
	return d.play(ctx, door.URL, clockedPairs, c)
}

func unmeasured() error {
	why := os.Getenv("NO_DYNAMODB")
	if why == "" {
		why = dynamoDB + " names no DynamoDB; make bench starts one"
	}
	text := "NOT MEASURED: functions on DynamoDB, because " + why
	if os.Getenv("CI") == "true" {
		return errors.New(text)
	}
	fmt.Fprintln(os.Stderr, "!!!", text)
	return nil
}

// flags are those of the broker: it carries operations out itself where no
// functions are given.
func (d deployment) flags() ([]string, error) {
	flags := []string{"--store", "dynamodb:" + d.table, "--create-table"}
	if d.build == "" {
		return flags, nil
	}
	build, err := filepath.Abs(d.build)
	if err != nil {
		return nil, fmt.Errorf("finding the functions: %w", err)
	}
	return append(flags, "--lambdas", build), nil
}

// The steps that are played.
const create, read, terminate = "create", "read", "terminate"

// played is what operations took, and how much of it the table.
type played struct {
	create, read, terminate []time.Duration
	inTable                 map[string]time.Duration // summed up
}

// play runs a broker on the table at an endpoint. c, if there is one, is the
// clock at that endpoint.
func (d deployment) play(ctx context.Context, endpoint string, pairs int, c *clock) (p *played, err error) {
	dir, err := os.MkdirTemp(d.dir, "broker-")
	if err != nil {
		return nil, fmt.Errorf("making a directory: %w", err)
	}
	args, err := d.flags()
	if err != nil {
		return nil, err
	}
	b := &site.Broker{Dir: filepath.Join(dir, "data"), Env: []string{dynamoDB + "=" + endpoint}, Args: args}
	defer func() { err = errors.Join(err, b.Stop()) }() // its functions with it
	t, err := openTarget(ctx, d.bin, b, 1)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(t.register(ctx, pair, hosts), t.template(ctx)); err != nil {
		return nil, err
	}
	time.Sleep(settle) // the round of checks at the start
	const warmUp = 3   // afterwards every function has a process
	p = &played{inTable: map[string]time.Duration{}}
	for i := range warmUp + pairs {
		if i == warmUp {
			p = &played{inTable: map[string]time.Duration{}}
		}
		if err := p.one(ctx, t, c); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func (p *played) one(ctx context.Context, t *target, c *clock) error {
	var operation string
	var machines []string
	for _, step := range []struct {
		name string
		to   *[]time.Duration
		do   func() error
	}{
		{create, &p.create, func() (err error) { operation, machines, err = t.createSome(ctx, pair, hosts); return err }},
		{read, &p.read, func() error {
			return t.call(ctx, "/v1/queries/getOperation", object{"operation_id": operation}, nil)
		}},
		{terminate, &p.terminate, func() error { return t.terminate(ctx, machines...) }},
	} {
		c.take() // what came before is not this step's
		began := time.Now()
		if err := step.do(); err != nil {
			return err
		}
		*step.to = append(*step.to, time.Since(began))
		p.inTable[step.name] += c.take()
	}
	return nil
}

// measuredWays is the same by functions, by functions with a clock before
// DynamoDB, and by one process on the same table.
type measuredWays struct{ functions, clocked, process *played }

func (m measuredWays) add(r *report, least time.Duration) {
	for _, row := range []struct {
		name, step string
		of         func(*played) []time.Duration
	}{
		{fmt.Sprintf("functions: create of %d by HTTP", hosts), create, func(p *played) []time.Duration { return p.create }},
		{fmt.Sprintf("functions: terminate of %d by HTTP", hosts), terminate, func(p *played) []time.Duration { return p.terminate }},
		{"functions: getOperation by HTTP", read, func(p *played) []time.Duration { return p.read }},
	} {
		p50, one := quantile(row.of(m.functions), 0.5), quantile(row.of(m.process), 0.5)
		r.add(row.name+", p50", ms(p50), "", times(p50, one, "one process on this table, "+ms(one))+"; "+times(p50, least, "an empty function"))
		r.add(row.name+", p99", ms(quantile(row.of(m.functions), 0.99)), "", "")
		r.add(row.name+", of it in DynamoDB", share(m.clocked.inTable[row.step], row.of(m.clocked)), "", "in a run with a clock before it")
	}
}

// share is a part of the sum of samples, in percent.
func share(part time.Duration, of []time.Duration) string {
	var whole time.Duration
	for _, d := range of {
		whole += d
	}
	if whole == 0 {
		return ""
	}
	return fmt.Sprintf("%.0f %%", 100*float64(part)/float64(whole))
}

// dropTable deletes the table, if it was made.
func (d deployment) dropTable() error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	a, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return fmt.Errorf("reading the AWS configuration: %w", err)
	}
	if _, err := ddb.NewFromConfig(a).DeleteTable(ctx, &ddb.DeleteTableInput{TableName: &d.table}); err != nil {
		return fmt.Errorf("deleting the table %s: %w", d.table, err)
	}
	return nil
}
