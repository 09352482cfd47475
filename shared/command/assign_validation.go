package command

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/selection"
)

// assignValidation selects who is asked about a template. Where the template
// itself is the reason that nobody is, that is the answer, and nobody has to be
// asked.
func (s Service) assignValidation(ctx context.Context, in ExecuteInput, c *broker.Claim) error {
	t, err := s.given(ctx, &in.Parameters)
	if bad := fault.As(err); bad != nil && in.Parameters.Template != nil && (bad.Code == fault.InvalidRequest || bad.Code == fault.NotSupported) {
		return answered(c, broker.ValidationResult{Errors: told(bad), Warnings: []string{}, ValidatedFields: []string{"template"}})
	}
	if err != nil {
		return err
	}
	ch, err := s.choose(ctx, in.wish(&c.Operation, &t))
	if v, ok := unusable(err); ok {
		c.Decision.TakenAt, c.Decision.Verdicts = c.Now, v
		return answered(c, verdictOn(v))
	}
	if err != nil {
		return err
	}
	decided(c, ch)
	c.Operation.Wanted, c.Operation.TemplateID = 1, t.ID
	for _, name := range ch.result.Ranked() {
		c.Operation.Candidates = append(c.Operation.Candidates, broker.Candidate{
			Provider: name, Kind: ch.kind(name), Spec: &broker.CreateSpec{Template: ch.templates[name]},
		})
	}
	return nil
}

// answered notes in a claim what came of its operation already.
func answered(c *broker.Claim, out broker.ValidationResult) error {
	raw, err := json.Marshal(out)
	if err != nil {
		return fmt.Errorf("writing what came of a validation: %w", err)
	}
	c.Operation.Output, c.Operation.Reason = raw, "no provider had to be asked"
	return nil
}

// told lists what is wrong with a request, field by field.
func told(e *fault.Error) []string {
	if len(e.Fields) == 0 {
		return []string{e.Detail}
	}
	var lines []string
	for _, f := range e.Fields {
		lines = append(lines, f.Field+": "+f.Message)
	}
	return lines
}

// unusable returns the verdicts of a selection that left nobody, when for some
// provider the template alone was the reason.
func unusable(err error) ([]broker.Verdict, bool) {
	e := fault.As(err)
	if e == nil || e.Code != fault.NoProviderAvailable {
		return nil, false
	}
	verdicts, ok := e.Extra["candidates"].([]broker.Verdict)
	for _, v := range verdicts {
		if v.Rule == selection.TemplateIncomplete.String() {
			return verdicts, ok
		}
	}
	return nil, false
}

// verdictOn is what a selection that left nobody says of a template: why it is
// no good where that is the reason, and who could not say.
func verdictOn(verdicts []broker.Verdict) broker.ValidationResult {
	out := broker.ValidationResult{Errors: []string{}, Warnings: []string{}, ValidatedFields: []string{"template"}}
	for _, v := range verdicts {
		switch v.Rule {
		case selection.TemplateIncomplete.String():
			out.Errors = append(out.Errors, fmt.Sprintf("%s: %s", v.Provider, v.Detail))
		case selection.NotOverride.String(): // was not to be asked
		default:
			out.Warnings = append(out.Warnings, fmt.Sprintf("%s could not be asked: %s", v.Provider, v.Rule))
		}
	}
	return out
}
