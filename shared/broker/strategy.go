package broker

import "time"

// Policy orders providers of equal rank.
type Policy string

// The policies that are built.
const (
	FirstAvailable Policy = "FIRST_AVAILABLE"
	RoundRobin     Policy = "ROUND_ROBIN"
)

// Criteria narrows and orders a selection. The zero value asks for nothing.
type Criteria struct {
	RequiredCapabilities []string `json:"required_capabilities,omitempty" doc:"Capabilities that the provider must have; an unknown one is not there." maxlen:"100"`
	RequireHealthy       *bool    `json:"require_healthy,omitempty" doc:"Leave out providers that are not known to be healthy."`
	ExcludeStrategies    []string `json:"exclude_strategies,omitempty" doc:"Never these, whatever else is said."`
	PreferStrategies     []string `json:"prefer_strategies,omitempty" doc:"These first, in this order."`
	MaxCostPerHour       *float64 `json:"max_cost_per_hour,omitempty" doc:"Highest price of a machine per hour; a provider without a price is left out." min:"0"`
	Zones                []string `json:"zones,omitempty" doc:"Only providers of these zones."`
	MinSuccessRate       *float64 `json:"min_success_rate,omitempty" doc:"Lowest success rate in percent; a provider without data passes." min:"0" max:"100"`
	MaxResponseTimeMS    *float64 `json:"max_response_time_ms,omitempty" doc:"Longest response time of the health check in ms; a provider without data passes." min:"0"`
	Panic                string   `json:"panic,omitempty" doc:"What to do when nobody passes the health rules." planned:"there is no panic mode yet; leave it out"`
}

// BreakerConfig configures the circuit breakers of all providers.
type BreakerConfig struct {
	Enabled            bool          `json:"enabled"`
	FailureThreshold   int           `json:"failure_threshold"`    // failures in a row that open it
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
	SlowCall            time.Duration `json:"slow_call"` // a passed check slower than this is DEGRADED
	Breaker             BreakerConfig `json:"circuit_breaker_config"`
	Version             int64         `json:"version"`
}

// DefaultConfig is the configuration of a broker that nobody configured.
func DefaultConfig() StrategyConfig {
	return StrategyConfig{
		DefaultPolicy:       FirstAvailable,
		HealthCheckInterval: 300 * time.Second,
		SlowCall:            2 * time.Second,
		Breaker: BreakerConfig{
			Enabled: true, FailureThreshold: 5, RecoveryTimeout: 60 * time.Second,
			MaxRecoveryTimeout: 300 * time.Second, HalfOpenMaxCalls: 1, SuccessThreshold: 1,
		},
	}
}
