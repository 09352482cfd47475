package main

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/openhostfactory/ohfp/shared/hostfactory"
	"github.com/openhostfactory/ohfp/shared/op"
	"github.com/openhostfactory/ohfp/shared/wire"
)

// A scheduler starts the client through a script, with -f and a file. Then it
// is the plug-in: whatever happens, stdout holds one JSON document in the
// scheduler's spelling and the exit status is 0 or 1.

// Words of the command line.
const (
	hostFactory = "hostfactory"
	hostRun     = "run"
)

// schedulerCall is an operation as schedulers call it.
type schedulerCall struct {
	changes bool                                                               // makes or ends machines
	input   bool                                                               // there must be one
	answers string                                                             // what is in every answer of a broker
	read    func(data []byte) (any, error)                                     // what was sent, as the broker takes it
	write   func(answer []byte, s hostfactory.Scheduler) (out []byte, _ error) // what the broker answered, as the scheduler takes it
}

// schedulerCalls are the five calls of a plug-in.
func schedulerCalls() map[string]schedulerCall {
	requested := func(answer []byte, _ hostfactory.Scheduler) ([]byte, error) {
		return written(answer, hostfactory.EncodeRequested)
	}
	return map[string]schedulerCall{
		"getAvailableTemplates": {
			answers: "templates",
			read:    func(data []byte) (any, error) { return struct{}{}, hostfactory.DecodeTemplatesQuery(data) },
			write: func(a []byte, s hostfactory.Scheduler) ([]byte, error) {
				return written(a, func(t hostfactory.Templates) ([]byte, error) { return hostfactory.EncodeTemplates(t, s) })
			},
		},
		"requestMachines": {
			changes: true, input: true, answers: "request_id", write: requested,
			read: func(data []byte) (any, error) { return hostfactory.DecodeAcquire(data) },
		},
		"getRequestStatus": {
			input: true, answers: "requests",
			read: func(data []byte) (any, error) {
				ids, err := hostfactory.DecodeStatusQuery(data)
				return requestsNamed(ids), err
			},
			write: func(a []byte, s hostfactory.Scheduler) ([]byte, error) {
				return written(a, func(r hostfactory.Requests) ([]byte, error) { return hostfactory.EncodeRequests(r, s) })
			},
		},
		"requestReturnMachines": {
			changes: true, input: true, answers: "request_id", write: requested,
			read: func(data []byte) (any, error) { return machinesNamed(hostfactory.DecodeReturn(data)) },
		},
		"getReturnRequests": {
			answers: "requests",
			read:    func(data []byte) (any, error) { return machinesNamed(hostfactory.DecodeReturnQuery(data)) },
			write:   func(a []byte, _ hostfactory.Scheduler) ([]byte, error) { return written(a, hostfactory.EncodeReclaims) },
		},
	}
}

func requestsNamed(ids []string) any {
	type ref struct {
		RequestID string `json:"request_id"`
	}
	refs := make([]ref, len(ids))
	for i, id := range ids {
		refs[i].RequestID = id
	}
	return map[string]any{"requests": refs}
}

func machinesNamed(hosts []hostfactory.Host, err error) (any, error) {
	if hosts == nil {
		return struct{}{}, err
	}
	return map[string]any{"machines": hosts}, err
}

// written reads a broker's answer and writes it anew.
func written[T any](answer []byte, write func(T) ([]byte, error)) ([]byte, error) {
	var v T
	if err := json.Unmarshal(answer, &v); err != nil {
		return nil, fmt.Errorf("reading the broker's answer: %w", err)
	}
	return write(v)
}

// asPlugin reports whether a scheduler calls, or somebody as one does, and
// takes the words off that say so.
func (c *client) asPlugin() bool {
	if len(c.args) >= 2 && c.args[0] == hostFactory && c.args[1] == hostRun {
		c.args = c.args[2:]
		return true
	}
	if len(c.args) == 0 {
		return false
	}
	for name := range schedulerCalls() {
		if c.args[0] == name || c.args[0] == op.Kebab(name) {
			return slices.ContainsFunc(c.args[1:], namesFile)
		}
	}
	return false
}

func namesFile(arg string) bool {
	return arg == "--file" || strings.HasPrefix(arg, "--file=") || strings.HasPrefix(arg, "-f") && !strings.HasPrefix(arg, "--")
}

// plugin carries a scheduler's call out and prints the answer.
func (c *client) plugin(ctx context.Context, spec op.Spec, flags *pflag.FlagSet) error {
	call, ok := schedulerCalls()[spec.Name]
	if !ok {
		return usage("%s is no call of a scheduler", spec.Name)
	}
	ctx, cancel := context.WithTimeout(ctx, pluginTime)
	defer cancel()
	data, err := c.pluginInput(ctx, call, flags)
	if err != nil {
		return err
	}
	v, err := call.read(data)
	if err != nil {
		return refusedInput(err)
	}
	env := c.scheduler()
	body, err := composed(v, env.fields(spec.Name))
	if err != nil {
		return err
	}
	link, err := c.connect()
	if err != nil {
		return err
	}
	r := c.request(spec, body)
	if call.changes {
		r.header.Set("Idempotency-Key", firstOf(c.options.idempotencyKey, c.pluginKey(env.instance, data)))
	}
	a, err := c.persist(ctx, link, r, call.changes)
	if err != nil {
		return err
	}
	return c.handOut(link, spec, a)
}

// composed is a request with who asks. Fields that are there stay.
func composed(v any, more map[string]string) ([]byte, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	var object map[string]any
	if err := json.Unmarshal(raw, &object); err != nil {
		return nil, err
	}
	for name, value := range more {
		if _, there := object[name]; !there && value != "" {
			object[name] = value
		}
	}
	return json.Marshal(object)
}

// loose reads what --data gives to a scheduler's call as leniently as a file,
// when it is not as the broker takes it. The answer stays a broker's.
func loose(o op.Described, body []byte) ([]byte, error) {
	spec := o.Describe()
	call, ok := schedulerCalls()[spec.Name]
	in, _ := o.Types()
	if !ok || wire.Decode(body, reflect.New(in).Interface(), spec.Limits()) == nil {
		return body, nil
	}
	v, err := call.read(body)
	if err != nil {
		return nil, refusedInput(err)
	}
	var given struct {
		HostProvider string `json:"host_provider"`
		Dialect      string `json:"dialect"`
	}
	if err := json.Unmarshal(body, &given); err != nil {
		return nil, usage("--data: %s", err)
	}
	return composed(v, map[string]string{"host_provider": given.HostProvider, "dialect": given.Dialect})
}
