package main

import (
	"encoding/json"
	"fmt"

	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/hostfactory"
	"github.com/openhostfactory/ohfp/shared/op"
)

// handOut writes what the broker answered as the scheduler takes it.
func (c *client) handOut(l *link, spec op.Spec, a answer) error {
	if f := a.verdict(spec); f != nil {
		f.document = a.body
		return f
	}
	call := schedulerCalls()[spec.Name]
	if !holds(a.body, call.answers) {
		p := clientProblem{Title: "Not the answer of a broker", Status: a.status, Code: codeUnexpected, Instance: l.endpoint.given}
		p.Detail = fmt.Sprintf("%s answered without %q, which is not the answer of a broker; is the endpoint right?", l.endpoint.given, call.answers)
		return p.failure(fault.ExitFailed)
	}
	out, err := call.write(a.body, c.scheduler().scheduler)
	if err != nil {
		return err
	}
	_, err = c.stdout.Write(append(out, '\n'))
	return err
}

// holds reports whether a document has a member that says something. A call that
// is answered without it was not served, whoever answered.
func holds(document []byte, member string) bool {
	var members map[string]json.RawMessage
	err := json.Unmarshal(document, &members)
	value := string(members[member])
	return err == nil && value != "" && value != "null" && value != `""`
}

// reportToScheduler answers a call that was not served, and notes it where the
// scheduler keeps logs.
func (c *client) reportToScheduler(f *failure) int {
	var said struct {
		Detail string `json:"detail"`
	}
	message := f.line
	if json.Unmarshal(f.document, &said) == nil && said.Detail != "" {
		message = said.Detail
	}
	if _, err := c.stdout.Write(append(hostfactory.EncodeFailure(oneLine(message)), '\n')); err != nil {
		fmt.Fprintln(c.stderr, "ohfp: writing the answer:", oneLine(err.Error()))
	}
	fmt.Fprintln(c.stderr, "ohfp: "+oneLine(f.line))
	if err := c.noteFailure(oneLine(f.line)); err != nil {
		fmt.Fprintln(c.stderr, "ohfp: noting the failure:", oneLine(err.Error()))
	}
	return fault.ExitFailed
}
