package main

import (
	"errors"
	"fmt"

	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/op"
)

// Operations that the client knows by name: what --wait asks, and what ends
// others.
const (
	getOperation    = "getOperation"
	cancelOperation = "cancelOperation"
)

// answer is what a broker said.
type answer struct {
	status   int
	body     []byte
	location string
	date     string // when it was given
	waited   bool   // it is the end of what was followed
	says     struct {
		Status      any    `json:"status"` // an operation's word or a problem's number
		Code        string `json:"code"`
		Detail      string `json:"detail"`
		Message     string `json:"message"`
		OperationID string `json:"operation_id"`
	}
}

// Words of an operation's status that the client acts on.
const (
	running   = "RUNNING"
	partial   = "PARTIAL"
	cancelled = "CANCELLED"
)

// ended badly, as a record says it.
var badly = map[string]bool{partial: true, "FAILED": true, "UNKNOWN": true, cancelled: true}

// wished reports whether that end of an operation is what a command is for.
func wished(spec op.Spec, word string) bool { return spec.Name == cancelOperation && word == cancelled }

// word is the status of an operation; "" when the answer has none.
func (a answer) word() string {
	s, ok := a.says.Status.(string)
	if !ok {
		return ""
	}
	return s
}

// running reports whether a stands for work that goes on.
func (a answer) running(spec op.Spec) bool {
	return a.status == 202 || a.status == 200 && spec.Name == getOperation && a.word() == running
}

// verdict returns the failure that an answer is; nil for a success. A query
// that reports a failed operation succeeded, unless it was waited for.
func (a answer) verdict(spec op.Spec) *failure {
	switch {
	case a.status >= 300:
		return &failure{exit: exitOf(a), line: a.says.Code + ": " + a.says.Detail}
	case !a.waited && spec.Kind != op.Command:
		return nil
	case badly[a.word()] && !wished(spec, a.word()):
		line := fmt.Sprintf("operation %s ended %s", a.says.OperationID, a.word())
		if a.says.Message != "" {
			line += ": " + a.says.Message
		}
		return &failure{exit: fault.ExitFailed, line: line}
	}
	return nil
}

// exitOf is the exit status of a problem. A code newer than this client goes
// by its HTTP status.
func exitOf(a answer) int {
	for _, c := range fault.Codes() {
		if string(c) == a.says.Code {
			return c.Exit()
		}
	}
	if a.status == 400 {
		return fault.ExitUsage
	}
	return fault.ExitFailed
}

// withKey adds the idempotency key that the client made to what stderr says:
// with it the same command can be given again without doing the work twice.
// Nothing was done after exit status 2.
func withKey(err error, key string) error {
	f, ok := errors.AsType[*failure](err)
	if !ok || key == "" || f.exit == fault.ExitUsage {
		return err
	}
	again := *f
	again.line += " (to repeat this very request: --idempotency-key " + key + ")"
	return &again
}
