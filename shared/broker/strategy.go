package broker

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
