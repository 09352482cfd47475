package broker

import "time"

// BreakerConfig configures the circuit breakers of all providers.
type BreakerConfig struct {
	Enabled            bool          `json:"enabled"`              // false: calls are counted and never held back
	FailureThreshold   int           `json:"failure_threshold"`    // failures in a row that open it
	FailureRate        int           `json:"failure_rate_percent"` // of the calls in the window: opens it
	SlowRate           int           `json:"slow_rate_percent"`    // of the calls in the window: opens it
	SlowCall           time.Duration `json:"slow_call"`            // a longer call is slow; a check that passes more slowly is DEGRADED
	MinimumCalls       int           `json:"minimum_calls"`        // in the window, before a rate says anything
	Window             time.Duration `json:"window"`               // whole tens of seconds, at most a minute: what a row's ring holds
	RecoveryTimeout    time.Duration `json:"recovery_timeout"`     // first time open
	MaxRecoveryTimeout time.Duration `json:"max_recovery_timeout"` // longest time open
	HalfOpenMaxCalls   int           `json:"half_open_max_calls"`  // permits while half-open
	SuccessThreshold   int           `json:"success_threshold"`    // probes that close it
}

// StrategyConfig is the configuration that every selection obeys.
type StrategyConfig struct {
	DefaultPolicy       Policy        `json:"default_selection_policy"`
	Criteria            Criteria      `json:"selection_criteria"`
	Fallbacks           []string      `json:"fallback_strategies,omitempty"`
	HealthCheckInterval time.Duration `json:"health_check_interval"`
	Breaker             BreakerConfig `json:"circuit_breaker_config"`
	ExploreCreates      bool          `json:"explore_creates,omitempty"` // creates too may go where data is oldest: machines for a statistic
	Sweeper             SweeperConfig `json:"sweeper_config"`
	Mode                Mode          `json:"mode"`
	Version             int64         `json:"version"`    // 0: nobody configured the broker; one more at each change
	UpdatedAt           time.Time     `json:"updated_at"` // zero: never
	Actor               Actor         `json:"actor"`
}

// Mode is what a broker may do.
type Mode string

// The modes. Frozen refuses commands that make or change things; Recover is
// for the time after a restore: adopt, never terminate.
const (
	ModeOpen    Mode = "open"
	ModeFrozen  Mode = "frozen"
	ModeRecover Mode = "recover"
)

// Values lists the modes.
func (Mode) Values() []string {
	return []string{string(ModeOpen), string(ModeFrozen), string(ModeRecover)}
}

// DefaultConfig is the configuration of a broker that nobody configured. A
// call is slow when it takes four of the five seconds that a driver has while
// a caller waits.
func DefaultConfig() StrategyConfig {
	return StrategyConfig{
		DefaultPolicy:       FirstAvailable,
		HealthCheckInterval: 300 * time.Second,
		Sweeper:             SweeperConfig{Mode: SweepReport, Interval: time.Hour},
		Mode:                ModeOpen,
		Breaker: BreakerConfig{
			Enabled: true, FailureThreshold: 5,
			FailureRate: 50, SlowRate: 80, SlowCall: 4 * time.Second, MinimumCalls: 10, Window: 60 * time.Second,
			RecoveryTimeout: 60 * time.Second, MaxRecoveryTimeout: 300 * time.Second,
			HalfOpenMaxCalls: 1, SuccessThreshold: 1,
		},
	}
}

// StrategyConfigView is a configuration as the API shows it.
type StrategyConfigView struct {
	DefaultPolicy       Policy            `json:"default_selection_policy" doc:"How equals are told apart when a request and its template do not say."`
	Criteria            Criteria          `json:"selection_criteria" doc:"What holds for every selection, unless a template or a request says otherwise."`
	Fallbacks           []string          `json:"fallback_strategies" doc:"Providers that are tried last, in this order."`
	HealthCheckInterval int64             `json:"health_check_interval" doc:"Seconds between two checks of a provider that sets no interval itself."`
	Breaker             BreakerConfigView `json:"circuit_breaker_config" doc:"When a provider is left alone, and for how long."`
	ExploreCreates      bool              `json:"explore_creates" doc:"Whether creates too go, now and then, where the data is oldest."`
	Sweeper             SweeperConfigView `json:"sweeper_config" doc:"What is done about machines that nobody has recorded."`
	Mode                Mode              `json:"mode" doc:"What the broker may do."`
}

// BreakerConfigView is a breaker's configuration as the API shows it.
type BreakerConfigView struct {
	Enabled            bool  `json:"enabled"`
	FailureThreshold   int   `json:"failure_threshold"`
	FailureRate        int   `json:"failure_rate_percent"`
	SlowRate           int   `json:"slow_rate_percent"`
	SlowCallMS         int64 `json:"slow_call_ms"`
	MinimumCalls       int   `json:"minimum_calls"`
	WindowSeconds      int64 `json:"window_seconds"`
	RecoveryTimeout    int64 `json:"recovery_timeout"`     // seconds
	MaxRecoveryTimeout int64 `json:"max_recovery_timeout"` // seconds
	HalfOpenMaxCalls   int   `json:"half_open_max_calls"`
	SuccessThreshold   int   `json:"success_threshold"`
}

// View returns c as the API shows it.
func (c *StrategyConfig) View() StrategyConfigView {
	return StrategyConfigView{
		DefaultPolicy: c.DefaultPolicy, Criteria: c.Criteria, Fallbacks: append([]string{}, c.Fallbacks...),
		HealthCheckInterval: seconds(c.HealthCheckInterval), Breaker: c.Breaker.view(), ExploreCreates: c.ExploreCreates,
		Sweeper: SweeperConfigView{Mode: c.Sweeper.Mode, Interval: seconds(c.Sweeper.Interval)}, Mode: c.Mode,
	}
}

func (c *BreakerConfig) view() BreakerConfigView {
	return BreakerConfigView{
		Enabled: c.Enabled, FailureThreshold: c.FailureThreshold, FailureRate: c.FailureRate, SlowRate: c.SlowRate,
		SlowCallMS: c.SlowCall.Milliseconds(), MinimumCalls: c.MinimumCalls, WindowSeconds: seconds(c.Window),
		RecoveryTimeout: seconds(c.RecoveryTimeout), MaxRecoveryTimeout: seconds(c.MaxRecoveryTimeout),
		HalfOpenMaxCalls: c.HalfOpenMaxCalls, SuccessThreshold: c.SuccessThreshold,
	}
}

func seconds(d time.Duration) int64 { return int64(d / time.Second) }
