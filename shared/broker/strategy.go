package broker

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
