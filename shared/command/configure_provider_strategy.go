package command

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/op"
)

// ConfigureProviderStrategy changes what every selection obeys.
var ConfigureProviderStrategy = op.Define(op.Spec{
	Name: "configureProviderStrategy", Kind: op.Command, Role: op.Operator,
	Summary: "Change what every selection obeys: policy, criteria, fallbacks, checks, breakers, sweeper, mode",
	Detail: "What is left out stays, member by member; an empty list empties one; reset goes back to the defaults first. " +
		"Of two who change it together neither loses what the other did not touch; who sends the version that he saw is " +
		"refused instead when it is no longer that. A change holds from the next selection on, in every process within two " +
		"seconds. Frozen, the broker makes and changes nothing: creates, registrations and templates are refused; queries, " +
		"selections, health, terminations, this command, and operations that have begun go on.",
	Examples: []op.Example{
		{
			Title: "Healthy providers only, two of them last, and less patience",
			Body: `{"default_selection_policy": "ROUND_ROBIN", "selection_criteria": {"min_success_rate": 95.0, "require_healthy": true}, ` +
				`"fallback_strategies": ["aws-backup", "aws-secondary"], "health_check_interval": 300, ` +
				`"circuit_breaker_config": {"failure_threshold": 5, "recovery_timeout": 60}}`,
		},
		{Title: "Make nothing new for now", Body: `{"mode": "frozen"}`},
		{Title: "Terminate machines that nobody has recorded", Body: `{"sweeper_config": {"mode": "act"}}`},
		{Title: "Back to the criteria of a new broker", Body: `{"reset": ["selection_criteria"]}`},
	},
	Faults: []fault.Code{fault.Conflict},
}, Service.configureProviderStrategy)

// ConfigureInput is a change of the configuration.
type ConfigureInput struct {
	DefaultSelectionPolicy string           `json:"default_selection_policy,omitempty" doc:"How equals are told apart when a request and its template do not say; initially FIRST_AVAILABLE."`
	SelectionCriteria      *broker.Criteria `json:"selection_criteria,omitempty" doc:"What holds for every selection; a template's and a request's own win."`
	FallbackStrategies     []string         `json:"fallback_strategies,omitempty" doc:"Providers to try last, in this order." maxlen:"4" format:"name"`
	HealthCheckInterval    *int             `json:"health_check_interval,omitempty" doc:"Seconds between two checks of a provider that sets no interval itself; initially 300." min:"60" max:"86400"`
	CircuitBreakerConfig   *BreakerInput    `json:"circuit_breaker_config,omitempty" doc:"When a provider is left alone, and for how long."`
	ExploreCreates         *bool            `json:"explore_creates,omitempty" doc:"Whether policies that go by what was measured send a create, now and then, where the data is oldest; initially false."`
	SweeperConfig          *SweeperInput    `json:"sweeper_config,omitempty" doc:"What is done about machines that carry this broker's tag and that nobody has recorded."`
	Mode                   string           `json:"mode,omitempty" doc:"open; frozen: what makes or changes things is refused; recover, after a restore: what the sweeper finds it records, and it terminates nothing." enum:"open,frozen,recover"`
	Version                *int64           `json:"version,omitempty" doc:"The version that you saw; another one is a conflict. 0 is a broker that nobody configured." min:"0"`
	Reset                  []string         `json:"reset,omitempty" doc:"Members to take back to their defaults before the rest of the request counts." enum:"default_selection_policy,selection_criteria,fallback_strategies,health_check_interval,circuit_breaker_config,explore_creates,sweeper_config,mode"`
	DryRun                 bool             `json:"dry_run,omitempty" doc:"Store nothing; say what would change."`
}

// BreakerInput is a change of the breakers' configuration.
type BreakerInput struct {
	Enabled            *bool `json:"enabled,omitempty" doc:"false: calls are counted and never held back; initially true."`
	FailureThreshold   *int  `json:"failure_threshold,omitempty" doc:"Failures in a row that open; initially 5." min:"1" max:"1000"`
	FailureRatePercent *int  `json:"failure_rate_percent,omitempty" doc:"Opens when so many of the window's calls failed; initially 50." min:"1" max:"100"`
	SlowRatePercent    *int  `json:"slow_rate_percent,omitempty" doc:"Opens when so many of the window's calls were slow; initially 80." min:"1" max:"100"`
	SlowCallMS         *int  `json:"slow_call_ms,omitempty" doc:"A longer call is slow, and a check that passes more slowly is DEGRADED; initially 4000." min:"1" max:"3600000"`
	MinimumCalls       *int  `json:"minimum_calls,omitempty" doc:"Calls in the window before a rate counts; initially 10." min:"1" max:"10000"`
	WindowSeconds      *int  `json:"window_seconds,omitempty" doc:"The window of the rates: 10, 20, 30, 40, 50 or 60, which is initial." min:"10" max:"60"`
	RecoveryTimeout    *int  `json:"recovery_timeout,omitempty" doc:"Seconds open before a call is let through on trial; initially 60." min:"1" max:"86400"`
	MaxRecoveryTimeout *int  `json:"max_recovery_timeout,omitempty" doc:"Seconds that the time open may double up to; initially 300." min:"1" max:"86400"`
	HalfOpenMaxCalls   *int  `json:"half_open_max_calls,omitempty" doc:"Calls on trial at a time; initially 1." min:"1" max:"10"`
	SuccessThreshold   *int  `json:"success_threshold,omitempty" doc:"Calls on trial that must succeed to close; initially 1." min:"1" max:"100"`
}

// SweeperInput is a change of the sweeper's configuration.
type SweeperInput struct {
	Mode     string `json:"mode,omitempty" doc:"report: say what would be done; act: do it; initially report." enum:"report,act"`
	Interval *int   `json:"interval,omitempty" doc:"Seconds between two searches at a provider; initially 3600." min:"300" max:"86400"`
}

func (in *SweeperInput) over(c *broker.SweeperConfig) {
	if in == nil {
		return
	}
	if in.Mode != "" {
		c.Mode = broker.SweepMode(in.Mode)
	}
	set(&c.Interval, in.Interval, time.Second)
}

// Configured is the answer.
type Configured struct {
	Status        string                    `json:"status" doc:"configured; of a dry run updated or unchanged."`
	Configuration broker.StrategyConfigView `json:"configuration" doc:"All of it, as it is now; of a dry run, as it would be."`
	Warnings      []string                  `json:"warnings" doc:"What you may not expect."`
	Version       int64                     `json:"version" doc:"Version now stored; 0 before the first change."`
	UpdatedAt     *broker.Time              `json:"updated_at,omitempty" doc:"When it was last changed; absent: never."`
	DryRun        bool                      `json:"dry_run,omitempty" doc:"Nothing was stored."`
	Changes       []broker.Change           `json:"changes,omitempty" doc:"Of a dry run: what would change in what is stored."`
}

// configureTries bounds how often a change is laid over what others have
// stored meanwhile.
const configureTries = 16

// configureProviderStrategy returns conflict with the current version when
// in.Version is another.
func (s Service) configureProviderStrategy(ctx context.Context, in ConfigureInput) (Configured, error) {
	snap, err := s.Registry.FreshSnapshot(ctx)
	if err != nil {
		return Configured{}, fmt.Errorf("reading the configuration: %w", err)
	}
	current := snap.Config
	for range configureTries {
		if in.Version != nil && *in.Version != current.Version {
			return Configured{}, stale("the configuration", current.Version)
		}
		wanted, err := in.over(current)
		if err != nil {
			return Configured{}, err
		}
		if out, ok, err := in.withoutStoring(&current, &wanted, oddities(&wanted, &snap)); ok {
			return out, err
		}
		wanted.UpdatedAt, wanted.Actor = s.Now(), actor(ctx)
		stored, err := s.Registry.PutConfig(ctx, wanted)
		if err == nil {
			return configured(&stored, oddities(&stored, &snap)), nil
		}
		c := new(broker.Conflict)
		if !errors.As(err, &c) {
			return Configured{}, fmt.Errorf("storing the configuration: %w", err)
		}
		var ok bool
		if current, ok = c.Current.(broker.StrategyConfig); !ok {
			return Configured{}, fmt.Errorf("storing the configuration: %w", err)
		}
	}
	return Configured{}, stale("the configuration", current.Version)
}

func configured(c *broker.StrategyConfig, warnings []string) Configured {
	return Configured{
		Status: "configured", Configuration: c.View(), Warnings: append([]string{}, warnings...),
		Version: c.Version, UpdatedAt: broker.AtTime(c.UpdatedAt),
	}
}

// over lays the change over c. invalid_request for what the
// schema cannot refuse: it depends on what stays.
func (in *ConfigureInput) over(c broker.StrategyConfig) (broker.StrategyConfig, error) {
	in.reset(&c)
	policy, err := policyOf("default_selection_policy", in.DefaultSelectionPolicy)
	if err != nil {
		return c, err
	}
	if policy != "" {
		c.DefaultPolicy = policy
	}
	if in.SelectionCriteria != nil {
		c.Criteria = overlay(c.Criteria, *in.SelectionCriteria)
		if err := checkCriteria(c.Criteria); err != nil {
			return c, err
		}
	}
	c.Fallbacks = listOr(in.FallbackStrategies, c.Fallbacks)
	c.ExploreCreates = *valueOr(in.ExploreCreates, &c.ExploreCreates)
	set(&c.HealthCheckInterval, in.HealthCheckInterval, time.Second)
	in.SweeperConfig.over(&c.Sweeper)
	if in.Mode != "" {
		c.Mode = broker.Mode(in.Mode)
	}
	return c, in.CircuitBreakerConfig.over(&c.Breaker)
}

// reset takes members back to their defaults.
func (in *ConfigureInput) reset(c *broker.StrategyConfig) {
	d := broker.DefaultConfig()
	for _, member := range in.Reset {
		switch member {
		case "default_selection_policy":
			c.DefaultPolicy = d.DefaultPolicy
		case "selection_criteria":
			c.Criteria = d.Criteria
		case "fallback_strategies":
			c.Fallbacks = d.Fallbacks
		case "health_check_interval":
			c.HealthCheckInterval = d.HealthCheckInterval
		case "circuit_breaker_config":
			c.Breaker = d.Breaker
		case "explore_creates":
			c.ExploreCreates = d.ExploreCreates
		case "sweeper_config":
			c.Sweeper = d.Sweeper
		case "mode":
			c.Mode = d.Mode
		}
	}
}

// over lays the change over c; nil changes nothing.
func (in *BreakerInput) over(c *broker.BreakerConfig) error {
	if in == nil {
		return nil
	}
	if w := in.WindowSeconds; w != nil && *w%10 != 0 {
		return fault.Invalid("circuit_breaker_config.window_seconds", "calls are counted by ten seconds: want 10, 20, 30, 40, 50 or 60, got %d", *w)
	}
	c.Enabled = *valueOr(in.Enabled, &c.Enabled)
	set(&c.FailureThreshold, in.FailureThreshold, 1)
	set(&c.FailureRate, in.FailureRatePercent, 1)
	set(&c.SlowRate, in.SlowRatePercent, 1)
	set(&c.SlowCall, in.SlowCallMS, time.Millisecond)
	set(&c.MinimumCalls, in.MinimumCalls, 1)
	set(&c.Window, in.WindowSeconds, time.Second)
	set(&c.RecoveryTimeout, in.RecoveryTimeout, time.Second)
	set(&c.MaxRecoveryTimeout, in.MaxRecoveryTimeout, time.Second)
	set(&c.HalfOpenMaxCalls, in.HalfOpenMaxCalls, 1)
	set(&c.SuccessThreshold, in.SuccessThreshold, 1)
	if c.MaxRecoveryTimeout < c.RecoveryTimeout {
		return fault.Invalid("circuit_breaker_config.max_recovery_timeout",
			"%d is less than recovery_timeout, which is %d: send both, the larger one here", c.MaxRecoveryTimeout/time.Second, c.RecoveryTimeout/time.Second)
	}
	return nil
}

// set stores a value that was sent, in its unit.
func set[T int | time.Duration](to *T, sent *int, unit T) {
	if sent != nil {
		*to = T(*sent) * unit
	}
}
