package dispatch

import (
	"context"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/providers"
)

// mostExamples is how many templates an examiner is shown: some may be no good.
const mostExamples = 20

// more are the checks that only who asks is told of.
func (s Service) more(ctx context.Context, d providers.Driver, a *broker.Attempt) []broker.Check {
	e, ok := d.(providers.Examiner)
	if !ok {
		return nil
	}
	of, err := s.examination(ctx, a)
	if err != nil {
		return []broker.Check{{Name: "examination", Message: fault.AsProvider(err).Message}}
	}
	checks, err := safely(ctx, s, func() ([]broker.Check, error) { return e.Examine(ctx, of), nil })
	if err != nil {
		return []broker.Check{{Name: "examination", Message: fault.AsProvider(err).Message}}
	}
	return checks
}

// examination is what the attempt's provider may be examined by.
func (s Service) examination(ctx context.Context, a *broker.Attempt) (providers.Examination, error) {
	meta, err := s.Meta.Meta(ctx)
	if err != nil {
		return providers.Examination{}, &fault.ProviderError{Class: fault.Refused, Code: "broker_unread", Message: "the broker's id could not be read", Err: err}
	}
	usable, _, err := s.usable(ctx, broker.TemplateFilter{}, a, mostExamples)
	if err != nil {
		return providers.Examination{}, err
	}
	of := providers.Examination{BrokerID: meta.ID}
	for _, c := range usable {
		of.Templates = append(of.Templates, c.resolved)
	}
	return of, nil
}
