package fault

// Class says how a provider's failure is treated. Vendor codes are mapped to
// classes in the provider's own package; an unknown code is [Server].
type Class string

// The classes. None means that nothing failed.
const (
	None           Class = ""
	Validation     Class = "VALIDATION"      // the request is wrong everywhere
	OfferingConfig Class = "OFFERING_CONFIG" // something it names is missing at this provider
	Auth           Class = "AUTH"            // our credentials are refused
	Throttle       Class = "THROTTLE"        // too many calls; a hint may say when
	Capacity       Class = "CAPACITY"        // the provider has no machines of this kind now
	Quota          Class = "QUOTA"           // the account may not have more
	Down           Class = "DOWN"            // unreachable: the request did not leave
	Server         Class = "SERVER"          // the provider failed after it had the request
	Timeout        Class = "TIMEOUT"         // no answer in time after it had the request
	Cancelled      Class = "CANCELLED"       // the caller went away
	Refused        Class = "REFUSED"         // our own gate said no: never sent
)

// BreakerEffect is what a failure of a class does to the provider's breaker.
type BreakerEffect uint8

// The effects.
const (
	BreakerIgnores     BreakerEffect = iota // says nothing about the provider's health
	BreakerCounts                           // one failure
	BreakerOpensAtOnce                      // no point in trying again soon
)

// Again says whether the same provider may be tried again within an operation.
type Again uint8

// The kinds of another try.
const (
	Never     Again = iota
	Once            // within the operation's retry count
	AfterHint       // once the provider's own delay has passed
	Resolving       // with the same token, to learn what happened
)

// Rule is one row of the table.
type Rule struct {
	ASL       string        // error name in a state machine
	FailsOver bool          // another provider may carry the operation out
	Breaker   BreakerEffect // evidence against the provider
	Again     Again         // another try at the same provider
	Ambiguous bool          // a mutation that was sent may have happened
	Code      Code          // the API's answer when this ended the operation
}

var rules = map[Class]Rule{
	Validation:     {ASL: "Ohfp.Validation", Code: InvalidTemplate},
	OfferingConfig: {ASL: "Ohfp.OfferingConfig", FailsOver: true, Code: ProviderFailed},
	Auth:           {ASL: "Ohfp.Auth", FailsOver: true, Breaker: BreakerOpensAtOnce, Again: Once, Code: ProviderFailed},
	Throttle:       {ASL: "Ohfp.Throttle", FailsOver: true, Again: AfterHint, Code: ProviderFailed},
	Capacity:       {ASL: "Ohfp.Capacity", FailsOver: true, Code: NoProviderAvailable},
	Quota:          {ASL: "Ohfp.Quota", FailsOver: true, Code: NoProviderAvailable},
	Down:           {ASL: "Ohfp.Down", FailsOver: true, Breaker: BreakerCounts, Again: Once, Code: ProviderFailed},
	Server:         {ASL: "Ohfp.Server", FailsOver: true, Breaker: BreakerCounts, Again: Resolving, Ambiguous: true, Code: ProviderFailed},
	Timeout:        {ASL: "Ohfp.Timeout", FailsOver: true, Breaker: BreakerCounts, Again: Resolving, Ambiguous: true, Code: ProviderFailed},
	Cancelled:      {ASL: "Ohfp.Cancelled", Again: Resolving, Ambiguous: true, Code: ProviderFailed},
	Refused:        {ASL: "Ohfp.Refused", FailsOver: true, Code: ProviderFailed},
}

// Rule returns the row of c. A class that the table does not know is treated
// as [Server], the most careful reading.
func (c Class) Rule() Rule {
	if r, ok := rules[c]; ok {
		return r
	}
	return rules[Server]
}

// Known reports whether c is a class of the table.
func (c Class) Known() bool { _, ok := rules[c]; return ok }

// Classes returns every class, for tables in tests and documents.
func Classes() []Class {
	return []Class{Validation, OfferingConfig, Auth, Throttle, Capacity, Quota, Down, Server, Timeout, Cancelled, Refused}
}

// Workflow-only error names: what an attempt reports when nothing failed and
// yet the operation is not complete.
const (
	ASLPartial    = "Ohfp.Partial"    // fewer machines than asked; the rest may go elsewhere
	ASLPending    = "Ohfp.Pending"    // accepted by the provider, still filling
	ASLSuperseded = "Ohfp.Superseded" // another run owns the attempt: stop without a trace
	ASLInternal   = "Ohfp.Internal"   // ours
)
