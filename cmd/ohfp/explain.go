package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/openhostfactory/ohfp/cmd/ohfp/internal/show"
	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/op"
)

// Operations that a selection decides, and whose answer can be explained.
const (
	selecting = "selectProviderStrategy"
	executing = "executeProviderOperation"
)

// explained are the operations that have the flag --explain.
var explained = []string{selecting, executing, getOperation}

// explanation is what an answer says of a decision, in any of the documents
// that hold one: a selection, an operation, or the problem that came of one.
type explanation struct {
	Code   string `json:"code"`
	Detail string `json:"detail"`
	// of an operation
	OperationID string               `json:"operation_id"`
	Status      any                  `json:"status"`
	Attempts    []broker.AttemptView `json:"attempts"`
	Selection   broker.SelectionView `json:"selection"`
	Decision    *broker.Decision     `json:"decision"`
	// of a selection
	Reason     string           `json:"selection_reason"`
	Confidence *float64         `json:"confidence_score"`
	Policy     broker.Policy    `json:"policy"`
	Snapshot   string           `json:"snapshot_version"`
	Ticket     *int64           `json:"ticket"`
	Candidates []broker.Verdict `json:"candidates"`
	Warnings   []string         `json:"warnings"`
}

// withDecision adds to the answer of an execution the decision that its record
// holds. What was refused before it was accepted has none. That it cannot be
// read is no failure of the execution, and told beside its answer.
func (c *client) withDecision(ctx context.Context, l *link, a answer) answer {
	id, query := a.says.OperationID, c.operation(getOperation)
	if id == "" || query == nil {
		return a
	}
	body := fmt.Appendf(nil, `{"operation_id":%q,"include_decision":true}`, id)
	record, err := l.do(ctx, c.request(query.Describe(), body))
	var holds struct {
		Decision json.RawMessage `json:"decision"`
	}
	switch {
	case err == nil && record.status >= 300:
		err = errors.New(record.says.Detail)
	case err == nil:
		err = json.Unmarshal(record.body, &holds)
	}
	member := fmt.Appendf(nil, `,"decision":%s}`, holds.Decision)
	if err != nil {
		member = fmt.Appendf(nil, `,"warnings":[%s]}`, quoted("the decision could not be read: "+err.Error()))
	} else if holds.Decision == nil {
		return a // nobody chose: what has an owner goes there
	}
	a.body = slices.Concat(a.body[:bytes.LastIndexByte(a.body, '}')], member)
	return a
}

// quoted is text as JSON.
func quoted(s string) []byte {
	b, err := json.Marshal(s)
	if err != nil { // text always encodes
		return []byte(`""`)
	}
	return b
}

// asksDecision makes getOperation show the decision.
func (c *client) asksDecision(spec op.Spec, set func(flag, value string) error) error {
	if !c.options.explain || spec.Name != getOperation {
		return nil
	}
	return set("include-decision", "true")
}

// explainTo writes why each provider was ranked or refused, for people.
func explainTo(w io.Writer, document []byte) error {
	var e explanation
	if err := json.Unmarshal(document, &e); err != nil {
		return fmt.Errorf("reading what was decided: %w", err)
	}
	if d := e.Decision; d != nil {
		e.Candidates, e.Policy, e.Snapshot, e.Ticket = d.Verdicts, d.Policy, d.Snapshot, &d.Ticket
		e.Reason = cmp.Or(e.Reason, e.Selection.Reason)
	}
	var b strings.Builder
	e.writeHead(&b)
	if len(e.Candidates) > 0 {
		b.WriteString("\n")
		e.writeCandidates(&b)
	}
	if len(e.Attempts) > 0 {
		b.WriteString("\n")
		e.writeAttempts(&b)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (e *explanation) writeHead(b *strings.Builder) {
	if e.Code != "" {
		fmt.Fprintf(b, "%s: %s\n", show.Printable(e.Code), show.Printable(e.Detail))
	}
	if e.OperationID != "" {
		status, ok := e.Status.(string)
		if !ok {
			status = "" // of a problem it is a number, and its code says more
		}
		fmt.Fprintf(b, "operation %s\n", show.Printable(strings.TrimSpace(e.OperationID+" "+status)))
	}
	if e.Reason != "" {
		fmt.Fprintf(b, "why: %s\n", show.Printable(e.Reason))
	}
	if said := e.facts(); said != "" {
		b.WriteString(said + "\n")
	}
	for _, warning := range e.Warnings {
		fmt.Fprintf(b, "warning: %s\n", show.Printable(warning))
	}
}

// facts are what the decision was taken by, on one line.
func (e *explanation) facts() string {
	var said []string
	if e.Policy != "" {
		said = append(said, "policy "+string(e.Policy))
	}
	if e.Confidence != nil {
		said = append(said, "confidence "+strconv.FormatFloat(*e.Confidence, 'f', 2, 64))
	}
	if e.Ticket != nil {
		said = append(said, fmt.Sprintf("ticket %d", *e.Ticket))
	}
	if e.Snapshot != "" {
		said = append(said, "snapshot "+e.Snapshot)
	}
	return show.Printable(strings.Join(said, ", "))
}

func (e *explanation) writeCandidates(b *strings.Builder) {
	t := textColumns{head: []string{"PROVIDER", "RANK", "RULE", "VALUE", "THRESHOLD", "DATA AGE", "NOTE"}}
	for _, v := range e.Candidates {
		t.row(v.Provider, rankWord(v), v.Rule, v.Value, v.Threshold, age(v.DataAgeMS), note(v))
	}
	t.write(b)
}

func (e *explanation) writeAttempts(b *strings.Builder) {
	t := textColumns{head: []string{"ATTEMPT", "PROVIDER", "OUTCOME", "MACHINES", "CLASS", "TOOK", "NOTE"}}
	for i, a := range e.Attempts {
		machines := ""
		if a.Count > 0 {
			machines = fmt.Sprintf("%d of %d", a.Machines, a.Count)
		}
		t.row(strconv.Itoa(i+1), a.Provider, string(a.Outcome), machines, string(a.Class), fmt.Sprintf("%d ms", a.DurationMS), a.Message)
	}
	t.write(b)
}
