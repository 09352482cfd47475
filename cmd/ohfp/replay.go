package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/openhostfactory/ohfp/cmd/ohfp/internal/show"
	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/selection"
)

// codeReplay is a decision that cannot be taken again.
const codeReplay = "not_replayable"

// replayCommand takes a stored decision again, in this process: the rules are
// those of the broker, in the version of this program.
func (c *client) replayCommand(ctx context.Context) *cobra.Command {
	file := ""
	cmd := &cobra.Command{
		Use: "replay OPERATION_ID", Short: "Take the decision of an operation again, from what was stored with it",
		Long: "Take the decision of an operation again, from what was stored with it: what was known of each provider,\n" +
			"the request, the ticket, the time, and what chance was drawn from. It is done here, by the rules that this\n" +
			"program has in common with the broker; nothing is changed, and no ticket is taken.\n\n" +
			"The answer is the table of --explain, and whether the decision is identical. When it is not, what differs\n" +
			"is shown and the exit status is 1: this program has other rules than the one that decided.",
		Example: "  # Of the broker\n  ohfp replay 01980000-0000-7000-8000-000000000000\n" +
			"  # Of a record that was written down\n  ohfp getOperation --operation-id ID --include-evidence --format json > record.json\n  ohfp replay -f record.json",
		Args: func(_ *cobra.Command, args []string) error { return oneOperation(args, file) },
		RunE: func(_ *cobra.Command, args []string) error {
			if err := c.configure(); err != nil {
				return err
			}
			if err := c.checkConnection(); err != nil {
				return err
			}
			record, err := c.recordOf(ctx, args, file)
			if err != nil {
				return err
			}
			return c.replay(record)
		},
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	cmd.Flags().StringVarP(&file, "file", "f", "", "`FILE` with the record of an operation, as JSON, or - for stdin")
	return cmd
}

func oneOperation(args []string, file string) error {
	switch {
	case file != "" && len(args) > 0:
		return usage("replay: name the operation, or a file with its record, not both")
	case file == "" && len(args) != 1:
		return usage("replay: name one operation: ohfp replay OPERATION_ID")
	}
	return nil
}

// recordOf is the record with its decision, from a file or from the broker.
func (c *client) recordOf(ctx context.Context, args []string, file string) ([]byte, error) {
	if file != "" {
		data, err := c.readInput(file)
		if err != nil {
			return nil, usage("reading the record: %s", err)
		}
		return data, nil
	}
	l, err := c.connect()
	if err != nil {
		return nil, err
	}
	body := fmt.Appendf(nil, `{"operation_id":%s,"include_evidence":true}`, quoted(args[0]))
	spec := c.operation(getOperation).Describe()
	a, err := l.do(ctx, c.request(spec, body))
	if err != nil {
		return nil, err
	}
	if f := a.verdict(spec); f != nil {
		f.document = a.body
		return nil, f
	}
	return a.body, nil
}

// rerun is the answer of replay.
type rerun struct {
	OperationID string               `json:"operation_id"`
	Identical   bool                 `json:"identical"`
	Differences []difference         `json:"differences"`
	Rules       rulesOf              `json:"rules"`
	Read        int                  `json:"providers_read"`
	Kept        int                  `json:"providers_kept"`
	Warnings    []string             `json:"warnings"`
	Selection   broker.SelectionView `json:"selection"`
	Decision    broker.Decision      `json:"decision"`
}

// rulesOf are the versions of the rules.
type rulesOf struct {
	Then int `json:"then"`
	Now  int `json:"now"`
}

// difference is a part of a decision that came out otherwise.
type difference struct {
	Field string          `json:"field"`
	Then  json.RawMessage `json:"then"`
	Now   json.RawMessage `json:"now"`
}

func (c *client) replay(record []byte) error {
	var e explanation
	if err := json.Unmarshal(record, &e); err != nil {
		return usage("the record is not one of getOperation: %s", err)
	}
	if e.Decision == nil || e.Decision.Policy == "" {
		return notReplayable("operation %s was not decided by a selection: what has an owner goes there", e.OperationID)
	}
	again, err := selection.Replay(e.Decision)
	if errors.Is(err, selection.ErrNoEvidence) {
		return notReplayable("%s; brokers keep it with each decision since version 1 of the rules, and getOperation shows it with --include-evidence", err)
	}
	if err != nil {
		return notReplayable("%s", err)
	}
	return c.answerReplay(compared(&e, &again))
}

// compared holds a decision that was taken again to the stored one.
func compared(e *explanation, again *selection.Replayed) *rerun {
	out := &rerun{
		OperationID: e.OperationID, Rules: rulesOf{Then: again.Rules, Now: selection.Rules}, Read: again.Read, Kept: again.Kept,
		Decision: again.Decision, Warnings: []string{},
		Selection: broker.SelectionView{Policy: again.Decision.Policy, Reason: again.Reason, Ranked: again.Decision.Ranked},
	}
	out.Differences = differences(*e.Decision, again.Decision)
	if e.Selection.Reason != "" && e.Selection.Reason != again.Reason {
		out.Differences = append(out.Differences, difference{"reason", quoted(e.Selection.Reason), quoted(again.Reason)})
	}
	out.Identical = len(out.Differences) == 0 && again.Whole()
	if !again.Whole() {
		out.Warnings = append(out.Warnings, fmt.Sprintf("of the %d providers that were read only the %d ranked ones were kept: what the others did to the choice is lost, "+
			"and the same answer would prove nothing", again.Read, again.Kept))
	}
	return out
}

func notReplayable(format string, args ...any) *failure {
	return clientProblem{Title: "The decision cannot be taken again", Detail: fmt.Sprintf(format, args...), Code: codeReplay}.failure(fault.ExitFailed)
}

// differences compares two decisions member by member, and provider by
// provider.
func differences(then, now broker.Decision) []difference {
	found := []difference{}
	compare := func(field string, a, b any) {
		if one, other := compact(a), compact(b); string(one) != string(other) {
			found = append(found, difference{field, one, other})
		}
	}
	compare("policy", then.Policy, now.Policy)
	compare("ranked", then.Ranked, now.Ranked)
	verdicts := map[string]broker.Verdict{}
	for _, v := range now.Verdicts {
		verdicts[v.Provider] = v
	}
	for _, v := range then.Verdicts {
		compare("verdict of "+v.Provider, v, verdicts[v.Provider])
		delete(verdicts, v.Provider)
	}
	for _, v := range now.Verdicts {
		if _, left := verdicts[v.Provider]; left {
			compare("verdict of "+v.Provider, nil, v)
		}
	}
	if then.Evidence, now.Evidence = nil, nil; len(found) == 0 { // whatever else there is, and the order of all
		compare("decision", then, now)
	}
	return found
}

// compact is v as JSON.
func compact(v any) json.RawMessage {
	doc, err := json.Marshal(v)
	if err != nil { // it came from JSON
		return quoted(err.Error())
	}
	return doc
}

// answerReplay prints what came of it; a difference fails.
func (c *client) answerReplay(out *rerun) error {
	if err := c.printReplay(out); err != nil {
		return &failure{exit: fault.ExitFailed, line: "writing the answer: " + err.Error()}
	}
	if out.Identical {
		return nil
	}
	fields := make([]string, len(out.Differences))
	for i, d := range out.Differences {
		fields[i] = d.Field
	}
	line := "the decision is not identical: " + strings.Join(fields, ", ")
	if len(fields) == 0 {
		line = "the decision cannot be proven: " + strings.Join(out.Warnings, "; ")
	}
	return &failure{exit: fault.ExitFailed, line: line}
}

func (c *client) printReplay(out *rerun) error {
	doc := compact(out)
	if f := c.options.format; f != "" && !strings.EqualFold(f, show.Table) {
		return c.print(doc)
	}
	if err := explainTo(c.stdout, doc); err != nil {
		return err
	}
	said := "identical to what was decided"
	if !out.Identical {
		said = "NOT identical to what was decided"
	}
	fmt.Fprintf(c.stdout, "\n%s, by rules %d; decided by rules %d\n", said, out.Rules.Now, out.Rules.Then)
	for _, d := range out.Differences {
		fmt.Fprintf(c.stdout, "  %s\n    then %s\n    now  %s\n", show.Printable(d.Field), show.Printable(string(d.Then)), show.Printable(string(d.Now)))
	}
	return nil
}
