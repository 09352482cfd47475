package dispatch

import (
	"context"
	"encoding/json"
	"sync"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/fulfilment"
	"github.com/openhostfactory/ohfp/shared/providers"
	"github.com/openhostfactory/ohfp/shared/providers/config"
)

// validate answers VALIDATE_TEMPLATE: a template that is no good is a good
// answer.
func (s Service) validate(ctx context.Context, d providers.Driver, j *job) ending {
	a := *j.attempt()
	v, err := safely(ctx, s, func() (providers.Validation, error) { return d.Validate(ctx, a.Spec.Template) })
	if err != nil {
		return s.told(a, nil, err)
	}
	out := broker.ValidationResult{
		Valid: len(v.Errors) == 0, Errors: list(v.Errors), Warnings: list(v.Warnings), ValidatedFields: list(v.ValidatedFields),
	}
	if out.Valid { // what cannot be made has no price
		out.Estimate = s.estimate(j, s.typesOf(ctx, d, j), &a.Spec.Template, v.Estimate)
	}
	return s.told(a, out, nil)
}

func list(texts []string) []string { return append([]string{}, texts...) }

// told is the ending of a question to which out is the answer, or err.
func (s Service) told(a broker.Attempt, out any, err error) ending {
	if err != nil {
		return ending{fulfilment.Reading(a, nil, nil, err, s.Now()), classOfError(err), arose(err)}
	}
	raw, err := json.Marshal(out)
	return ending{attempt: fulfilment.Reading(a, nil, raw, err, s.Now())}
}

// Bounds of one answer. What is above them is said to be there.
const (
	mostOffers  = 1000
	offerBytes  = 1 << 20 // of all offers: they are stored with the attempt
	askedAtOnce = 8       // templates about which one provider is asked
)

// templates answers GET_AVAILABLE_TEMPLATES with what the provider can make
// machines from: the stored templates that work out there, without those that
// it would refuse.
func (s Service) templates(ctx context.Context, d providers.Driver, j *job) ending {
	a := *j.attempt()
	var f broker.TemplateFilter
	if j.ledger.Operation.Filter != nil {
		f = *j.ledger.Operation.Filter
	}
	usable, more, err := s.usable(ctx, f, &a, mostOffers)
	if err != nil {
		return s.told(a, nil, err)
	}
	offers, err := s.offers(ctx, d, usable)
	if err != nil {
		return s.told(a, nil, err)
	}
	s.describe(j, s.typesOf(ctx, d, j), usable)
	out := broker.TemplatesResult{Templates: []broker.TemplateOffer{}, Truncated: more}
	size := 0
	for _, o := range offers {
		raw, err := json.Marshal(o)
		if err != nil {
			return s.told(a, nil, err)
		}
		if size += len(raw); size > offerBytes {
			out.Truncated = true
			break
		}
		out.Templates = append(out.Templates, *o)
	}
	return s.told(a, out, nil)
}

// candidate is a template that may be offered.
type candidate struct {
	resolved broker.ResolvedTemplate
	offer    broker.TemplateOffer
	refused  bool
}

// usable reads the stored templates that a filter asks for and that work out
// at the attempt's provider, by id, and whether there are more than most of them.
func (s Service) usable(ctx context.Context, f broker.TemplateFilter, a *broker.Attempt, most int) (all []*candidate, more bool, err error) {
	for p := (broker.Page{Limit: 100}); ; {
		page, next, err := s.Templates.Templates(ctx, p)
		if err != nil { // ours, not the provider's
			return nil, false, &fault.ProviderError{Class: fault.Refused, Code: "templates_unread", Message: "the stored templates could not be read", Err: err}
		}
		for _, t := range page {
			r, why := config.Usable(t, a.Provider, a.Kind)
			if why != "" || !config.Matches(f, r) {
				continue
			}
			if len(all) == most {
				return all, true, nil
			}
			all = append(all, &candidate{resolved: r, offer: offerOf(r, t.MaxNumber, a.Provider)})
		}
		if p.Cursor = next; next == "" {
			return all, false, nil
		}
	}
}

func offerOf(r broker.ResolvedTemplate, most *int, provider string) broker.TemplateOffer {
	return broker.TemplateOffer{
		TemplateID: r.ID, Provider: provider, MaxNumber: most, Attributes: r.Attributes, MachineTypes: r.MachineTypes,
		MachineWeights: r.MachineWeights, Image: r.Image, Tags: r.Tags, PriceType: r.PriceType,
	}
}

// offers asks the provider about each template and returns those that it does
// not refuse. One question that fails is the answer to all.
func (s Service) offers(ctx context.Context, d providers.Driver, all []*candidate) (offers []*broker.TemplateOffer, err error) {
	errs := make([]error, len(all))
	var asking sync.WaitGroup
	slots := make(chan struct{}, askedAtOnce)
	for i, c := range all {
		slots <- struct{}{}
		asking.Go(func() {
			defer func() { <-slots }()
			errs[i] = s.consider(ctx, d, c)
		})
	}
	asking.Wait()
	for i, c := range all {
		if errs[i] != nil {
			return nil, errs[i]
		}
		if !c.refused {
			offers = append(offers, &c.offer)
		}
	}
	return offers, nil
}

// describe completes offers with what the last look at machine types said.
func (s Service) describe(j *job, types map[string]broker.MachineType, all []*candidate) {
	for _, c := range all {
		c.offer.Attributes = broker.Described(types, &c.resolved)
		c.offer.Estimate = s.estimate(j, types, &c.resolved, c.offer.Estimate)
	}
}

func (s Service) consider(ctx context.Context, d providers.Driver, c *candidate) error {
	v, err := safely(ctx, s, func() (providers.Validation, error) { return d.Validate(ctx, c.resolved) })
	c.refused = len(v.Errors) > 0
	c.offer.Estimate, c.offer.Warnings = v.Estimate, v.Warnings
	return err
}
