package broker

import "time"

// Policy orders providers of equal rank.
type Policy string

// The policies: what each does stands in its own file of the selection room.
const (
	FirstAvailable     Policy = "FIRST_AVAILABLE"
	RoundRobin         Policy = "ROUND_ROBIN"
	WeightedRoundRobin Policy = "WEIGHTED_ROUND_ROBIN"
	LeastConnections   Policy = "LEAST_CONNECTIONS"
	FastestResponse    Policy = "FASTEST_RESPONSE"
	HighestSuccessRate Policy = "HIGHEST_SUCCESS_RATE"
	CapabilityBased    Policy = "CAPABILITY_BASED"
	HealthBased        Policy = "HEALTH_BASED"
	Random             Policy = "RANDOM"
	CostOptimized      Policy = "COST_OPTIMIZED"
	Geographic         Policy = "GEOGRAPHIC"
	Adaptive           Policy = "ADAPTIVE"
	Sticky             Policy = "STICKY"
)

// Panic is what becomes of a selection that leaves nobody.
type Panic string

// The choices. Refuse, or nothing said: nobody is picked. Allow: the rules
// about health, figures and blocked offerings are dropped; breakers and the
// times that providers asked for are not.
const (
	PanicRefuse Panic = "refuse"
	PanicAllow  Panic = "allow"
)

// Values lists the choices.
func (Panic) Values() []string { return []string{string(PanicRefuse), string(PanicAllow)} }

// Criteria narrows and orders a selection. The zero value asks for nothing.
type Criteria struct {
	RequiredCapabilities []string `json:"required_capabilities,omitempty" doc:"Capabilities that the provider must have; an unknown one is not there. gpus>=4 asks for a number, sizes>=m,l for a list that holds these." maxlen:"100"`
	RequireHealthy       *bool    `json:"require_healthy,omitempty" doc:"Leave out providers that are not known to be healthy."`
	ExcludeStrategies    []string `json:"exclude_strategies,omitempty" doc:"Never these, whatever else is said."`
	PreferStrategies     []string `json:"prefer_strategies,omitempty" doc:"These first, in this order."`
	MaxCostPerHour       *float64 `json:"max_cost_per_hour,omitempty" doc:"Highest price of a machine per hour; a provider without a price is left out." min:"0"`
	Zones                []string `json:"zones,omitempty" doc:"Only providers of these zones, regions or geographies."`
	MinSuccessRate       *float64 `json:"min_success_rate,omitempty" doc:"Lowest success rate in percent; a provider without data passes." min:"0" max:"100"`
	MaxResponseTimeMS    *float64 `json:"max_response_time_ms,omitempty" doc:"Longest response time in ms, of calls or else of the health check; a provider without data passes." min:"0"`
	Panic                Panic    `json:"panic,omitempty" doc:"allow: when nobody passes the rules about health, take who passes the others."`
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
	ExploreCreates      bool          `json:"explore_creates,omitempty"` // creates too may go where data is oldest: machines for a statistic
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
