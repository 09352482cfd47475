package command

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/providers/config"
	"github.com/openhostfactory/ohfp/shared/selection"
)

// wish is what a selection is asked, as it comes from a request.
type wish struct {
	operation broker.OperationType
	criteria  *broker.Criteria
	policy    string
	override  string
	template  *broker.Template
	units     int               // that the template is wanted for; 0: machines are counted
	makes     bool              // the choice is for a machine, not for show: refused while the broker is frozen
	context   map[string]string // affinity_key, and where from: zone, region, geography, latitude, longitude
	id        string            // of the operation, or of the question: what chance is drawn from
}

// choice is a selection with what was read for it.
type choice struct {
	snapshot  broker.Snapshot
	result    selection.Result
	criteria  broker.Criteria
	ticket    *int64                             // nil: the policy took none
	templates map[string]broker.ResolvedTemplate // by provider
	offers    offers
	override  bool // the provider was named
	warnings  []string
}

// choose takes the one decision that selecting and executing share. It returns
// no_provider_available with every verdict when nobody is eligible.
//
// Nobody is refused, no name called unknown, and no rule dropped in panic by a
// kept snapshot: another process may have registered the provider since. Then
// it is read again.
func (s Service) choose(ctx context.Context, w wish) (*choice, error) {
	snap, err := s.Registry.Snapshot(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the registry: %w", err)
	}
	if err := s.complete(ctx, w, &snap); err != nil {
		return nil, err
	}
	c, err := s.consider(w, snap)
	if snap.Kept && (err != nil || len(c.warnings) > 0 || c.result.Panicked()) {
		if snap, err = s.Registry.FreshSnapshot(ctx); err != nil {
			return nil, fmt.Errorf("reading the registry again: %w", err)
		}
		if err := s.complete(ctx, w, &snap); err != nil {
			return nil, err
		}
		c, err = s.consider(w, snap)
	}
	if err == nil {
		err = s.rank(ctx, c)
	}
	s.tell(ctx, c)
	return c, err
}

// consider finds who is eligible by a snapshot; it reads nothing else. With
// nobody, what it found comes with the error.
func (s Service) consider(w wish, snap broker.Snapshot) (*choice, error) {
	if w.makes {
		if err := thawed(&snap.Config); err != nil {
			return nil, err
		}
	}
	if len(snap.Providers) == 0 {
		return nil, fault.New(fault.NoProviderAvailable, "no provider is registered; register one: ohfp registerProviderStrategy --help shows how, "+
			"and ohfp apply -f examples/guide-site.yaml registers a whole site to try")
	}
	c := &choice{snapshot: snap, criteria: merged(snap.Config.Criteria, w), override: w.override != ""}
	policy, err := s.policy(w, &snap.Config)
	if err != nil {
		return nil, err
	}
	if err := checkCriteria(c.criteria); err != nil {
		return nil, err
	}
	compiled := selection.Compile(&snap)
	if w.override != "" && !compiled.Has(w.override) {
		return nil, fault.Lookup(fault.New(fault.NotFound, "There is no provider %q.", w.override), "strategy_override", whichProviders)
	}
	incomplete := c.resolve(w.template)
	query := compiled.Prepare(selection.Request{
		Operation: w.operation, Criteria: c.criteria, Override: w.override,
		Fallbacks: fallbacks(&snap.Config, w.template), Drivers: s.drivers(), Incomplete: incomplete,
		Offerings: c.offers.any, Templates: c.offers.template,
		Origin: broker.Origin{Zone: w.context["zone"], Place: broker.PlaceOf(w.context)},
	})
	c.warnings = query.Warnings()
	selection.Filter(&c.result, selection.Input{
		Query: query, Policy: policy, Seed: w.id, AffinityKey: w.context["affinity_key"], Now: s.Now(),
	})
	if c.result.Eligible() == 0 {
		return c, c.nobody()
	}
	return c, nil
}

// rank completes the decision, with a ticket where its policy takes one.
func (s Service) rank(ctx context.Context, c *choice) error {
	scope := c.result.Scope()
	if scope == "" {
		c.result.Rank(0)
		return nil
	}
	t, err := s.Tickets.Ticket(ctx, scope)
	if err != nil {
		return fmt.Errorf("taking a ticket: %w", err)
	}
	c.ticket = &t
	c.result.Rank(t)
	return nil
}

// drivers are the kinds that can be selected, with all their operations.
func (s Service) drivers() map[string][]broker.OperationType {
	d := make(map[string][]broker.OperationType, len(s.Functions.Attempt))
	for kind := range s.Functions.Attempt {
		d[kind] = nil
	}
	return d
}

// resolve merges the template for every provider and returns, by name, what it
// lacks where it cannot be used.
func (c *choice) resolve(t *broker.Template) map[string]string {
	incomplete := map[string]string{}
	c.templates, c.offers = map[string]broker.ResolvedTemplate{}, newOffers()
	if t == nil {
		return incomplete
	}
	for i := range c.snapshot.Providers {
		p := &c.snapshot.Providers[i]
		r, why := config.Usable(*t, p.Name, p.Kind)
		if why != "" {
			incomplete[p.Name] = why
			continue
		}
		c.templates[p.Name] = r
		if len(p.Blocks) > 0 { // else their names do not matter
			c.offers.add(p.Name, r)
		}
	}
	return incomplete
}

// nobody is the answer when no provider is eligible: one verdict for each.
func (c *choice) nobody() error {
	verdicts := c.result.Verdicts()
	rules := make([]string, 0, len(verdicts))
	for _, v := range verdicts {
		if v.Rule != selection.NotOverride.String() { // that it was not asked for is no news
			rules = append(rules, v.Provider+": "+v.Rule)
		}
	}
	if n := len(rules); n > 5 {
		rules = append(rules[:5], fmt.Sprintf("and %d more", n-5))
	}
	e := fault.New(fault.NoProviderAvailable, "no provider is eligible (%s)", strings.Join(rules, ", "))
	if after, ok := c.result.RetryAfter(); ok {
		e.RetryAfter = after
	}
	e.Extra = map[string]any{"candidates": verdicts, "warnings": append([]string{}, c.warnings...)}
	return e
}

// kind returns the kind of a provider of the snapshot.
func (c *choice) kind(name string) string { return c.provider(name).Kind }

func (c *choice) provider(name string) *broker.ProviderView {
	i := slices.IndexFunc(c.snapshot.Providers, func(p broker.ProviderView) bool { return p.Name == name })
	return &c.snapshot.Providers[i]
}

// merged lays criteria over one another, field by field: the configuration's,
// the template's, the request's.
func merged(base broker.Criteria, w wish) broker.Criteria {
	if w.template != nil && w.template.Criteria != nil {
		base = overlay(base, *w.template.Criteria)
	}
	if w.criteria != nil {
		base = overlay(base, *w.criteria)
	}
	return base
}

func overlay(base, top broker.Criteria) broker.Criteria {
	base.RequiredCapabilities = listOr(top.RequiredCapabilities, base.RequiredCapabilities)
	base.ExcludeStrategies = listOr(top.ExcludeStrategies, base.ExcludeStrategies)
	base.PreferStrategies = listOr(top.PreferStrategies, base.PreferStrategies)
	base.Zones = listOr(top.Zones, base.Zones)
	base.RequireHealthy = valueOr(top.RequireHealthy, base.RequireHealthy)
	base.MaxCostPerHour = valueOr(top.MaxCostPerHour, base.MaxCostPerHour)
	base.MinSuccessRate = valueOr(top.MinSuccessRate, base.MinSuccessRate)
	base.MaxResponseTimeMS = valueOr(top.MaxResponseTimeMS, base.MaxResponseTimeMS)
	base.Panic = cmp.Or(top.Panic, base.Panic)
	return base
}

func listOr(top, base []string) []string {
	if top != nil {
		return top
	}
	return base
}

func valueOr[T any](top, base *T) *T {
	if top != nil {
		return top
	}
	return base
}

func fallbacks(cfg *broker.StrategyConfig, t *broker.Template) []string {
	if t != nil && t.Fallbacks != nil {
		return t.Fallbacks
	}
	return cfg.Fallbacks
}

// policy is the request's, the template's or the configuration's.
func (s Service) policy(w wish, cfg *broker.StrategyConfig) (broker.Policy, error) {
	if w.policy != "" {
		return policyOf("selection_policy", w.policy)
	}
	if w.template != nil && w.template.Policy != "" {
		return w.template.Policy, nil
	}
	return cfg.DefaultPolicy, nil
}

// policyOf reads a policy's name in any case; "" stays empty. invalid_request
// for any other word.
func policyOf(field, name string) (broker.Policy, error) {
	p := broker.Policy(strings.ToUpper(name))
	if name == "" || selection.Known(p) {
		return p, nil
	}
	return "", fault.Invalid(field, "%q is no policy; there are %s", name, policyList())
}

func policyList() string {
	var names []string
	for _, p := range selection.Policies() {
		names = append(names, string(p))
	}
	return strings.Join(names, ", ")
}

// checkCriteria refuses criteria that contradict themselves or cannot be read.
func checkCriteria(c broker.Criteria) error {
	const field = "selection_criteria"
	for i, text := range c.RequiredCapabilities {
		if err := selection.CheckRequirement(text); err != nil {
			return fault.Invalid(fmt.Sprintf("%s.required_capabilities[%d]", field, i), "%v", err)
		}
	}
	for _, name := range c.PreferStrategies {
		if slices.Contains(c.ExcludeStrategies, name) {
			return fault.Invalid(field+".prefer_strategies", "%q is excluded too; name it in one of the two lists", name)
		}
	}
	return nil
}
