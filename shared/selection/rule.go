package selection

// Rule is what decided about a provider.
type Rule uint8

// The rules, in the order in which they are applied; the first that holds is
// the verdict. The first three leave a provider eligible.
const (
	LowerTier Rule = iota // eligible, of a later tier than the pick
	SameTier              // eligible, of the pick's tier
	Fallback              // eligible, one of fallback_strategies

	Excluded             // named by exclude_strategies
	NotOverride          // strategy_override names another
	DriverAbsent         // this broker cannot talk to providers of the kind
	NotEnabled           // registered with enabled: false
	Draining             // being deregistered
	WeightZero           // weight 0: no new work
	OperationUnsupported // the kind's driver does not carry the operation out
	CapabilityMissing    // closed world: what is not declared is not there
	ZoneMismatch         // not in one of the zones, regions or geographies
	TemplateIncomplete   // the template lacks something for this provider
	NoRoom               // a create, and no machine fits any more
	PriceUnknown         // max_cost_per_hour is set, and the provider names no price
	PriceTooHigh         // above max_cost_per_hour
	BreakerOpen          // calls are held back, or every half-open permit is taken
	NotBefore            // the provider asked for no call before a time to come
	OfferingBlocked      // a create, and it is out of all offerings that would do, or the template does not work there
	NotCheckedYet        // require_healthy, and no check has reported
	NotHealthy           // require_healthy, and the last check failed
	TooSlow              // above max_response_time_ms
	SuccessTooLow        // below min_success_rate

	ruleCount
)

var ruleNames = [ruleCount]string{
	LowerTier: "lower_tier", SameTier: "outranked", Fallback: "fallback",
	Excluded: "excluded", NotOverride: "strategy_override", DriverAbsent: "driver_absent", NotEnabled: "not_enabled",
	Draining: "draining", WeightZero: "weight_zero", OperationUnsupported: "operation_unsupported",
	CapabilityMissing: "capability_missing", ZoneMismatch: "zones", TemplateIncomplete: "template_incomplete",
	NoRoom:       "no_room",
	PriceUnknown: "price_unknown", PriceTooHigh: "max_cost_per_hour", BreakerOpen: "breaker_open",
	NotBefore: "not_before", OfferingBlocked: "offering_blocked",
	NotCheckedYet: "not_checked_yet", NotHealthy: "unhealthy", TooSlow: "max_response_time_ms",
	SuccessTooLow: "min_success_rate",
}

// String returns the rule as verdicts name it.
func (r Rule) String() string { return ruleNames[r] }

// waivable reports whether panic: allow drops the rule.
func (r Rule) waivable() bool { return r >= OfferingBlocked }

// Eligible reports whether the rule leaves the provider eligible.
func (r Rule) Eligible() bool { return r <= Fallback }
