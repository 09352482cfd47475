package plan

import (
	"github.com/openhostfactory/ohfp/shared/op"
	"github.com/openhostfactory/ohfp/shared/store/schema"
)

// Operations that the plan has to know by name.
const (
	attempting  = "attempt"
	probing     = "probe"
	sweeping    = "sweep"
	settling    = "settle"
	due         = "due"
	reconciling = "reconcile"
	noting      = "recordMachineEvent"
)

// What starts or follows workflows is no verb of the store, and a right of its
// own.
const (
	startOperation = "StartOperation"
	waitOperation  = "WaitOperation" // looks at the ledger, and at an Express execution that was begun here
	probeNow       = "ProbeNow"
)

// verbs are the verbs of the ports that an operation's handler can reach, in
// the order of their names. A test reads the sources of the rooms and finds the
// same: one that is missing would be refused on AWS, one too many is a right
// that nobody needs.
func verbs() map[string][]string {
	return map[string][]string{
		"attempt":                    {"AddMetric", "ApplyBlock", "ApplyLive", "ApplyUse", "Capabilities", "Ledger", "Machines", "MarkSent", "Owned", "Provider", "RecordHealth", "RecordOutcome", "StrategyConfig", "Templates", "Use"},
		"cancelOperation":            {"AddMetric", "ApplyUse", "Ledger", "StartOperation", "TakeStep", "Use"},
		"cancelRequest":              {"AddMetric", "ApplyUse", "Ledger", "StartOperation", "TakeStep", "Use"},
		"configureProviderStrategy":  {"FreshSnapshot", "PutConfig"},
		"deleteTemplate":             {"DeleteTemplate"},
		"deregisterProviderStrategy": {"DeleteProvider", "FreshSnapshot", "Ledger", "OpenOperations", "OwnedMachines", "Provider", "PutProvider"},
		"due":                        {"ClaimCheck", "ClaimSweep", "FreshSnapshot", "Provider", "RecordHealth"},
		"executeProviderOperation":   {"ApplyUse", "Capabilities", "ClaimOperation", "FreshSnapshot", "Ledger", "Machines", "Meta", "Owned", "ReadKey", "Snapshot", "StartOperation", "Template", "Ticket", "Use", "WaitOperation"},
		"getAvailableTemplates":      {"Capabilities", "FreshSnapshot", "HostProvider", "Owned", "Snapshot", "Templates", "Use"},
		"getOperation":               {"Ledger"},
		"getProviderCapabilities":    {"Capabilities", "FreshSnapshot", "Snapshot"},
		"getProviderHealth":          {"FreshSnapshot", "HealthHistory", "Snapshot"},
		"getProviderMetrics":         {"EndedMachines", "FreshSnapshot", "HealthHistory", "MetricRows", "OwnedMachines", "Snapshot"},
		"getProviderStrategyConfig":  {"FreshSnapshot", "Snapshot"},
		"getRequestStatus":           {"Ledger", "TakeStep"},
		"getReturnRequests":          {"NamedMachines", "Reclaims"},
		"getSweeperReport":           {"FreshSnapshot", "Snapshot", "Sweep"},
		"listAuditEvents":            {"AuditEvents"},
		"listAvailableProviders":     {"FreshSnapshot", "Provider", "Snapshot"},
		"listMachines":               {"ListMachines"},
		"listOperations":             {"Operations"},
		"listRequests":               {"Operations"},
		"listTemplates":              {"Template", "Templates"},
		"probe":                      {"ApplyLive", "Capabilities", "Provider", "RecordCapabilities", "RecordHealth", "StrategyConfig", "Templates"},
		"reconcile":                  {"AddMetric", "ApplyUse", "ClaimOperation", "DeleteProvider", "EndedMachines", "FreshSnapshot", "Ledger", "Machines", "MetricRows", "OpenOperations", "OwnedMachines", "Provider", "PutDigest", "PutMetric", "Snapshot", "StartOperation", "TakeStep", "Use"},
		"recordMachineEvent":         {"Machines", "NoteMachine", "OpenOperations"},
		"registerHostProvider":       {"PutHostProvider"},
		"registerProviderStrategy":   {"ApplyLive", "MetricRows", "ProbeNow", "Provider", "PutMetric", "PutProvider"},
		"registerTemplate":           {"PutTemplate", "Template"},
		"requestMachines":            {"ApplyUse", "Capabilities", "ClaimOperation", "FreshSnapshot", "HostProvider", "Ledger", "Machines", "Meta", "Owned", "ReadKey", "Snapshot", "StartOperation", "Template", "Ticket", "Use"},
		"requestReturnMachines":      {"ClaimOperation", "FreshSnapshot", "Ledger", "Machines", "NamedMachines", "ReadKey", "Snapshot", "StartOperation"},
		"selectProviderStrategy":     {"ApplyUse", "Capabilities", "FreshSnapshot", "Ledger", "Owned", "Snapshot", "Template", "Ticket", "Use"},
		"settle":                     {"AddMetric", "ApplyUse", "Ledger", "TakeStep", "Use"},
		"sweep":                      {"AddMetric", "AdoptMachine", "ApplyUse", "Ledger", "Machines", "Meta", "NoteMachine", "OpenOperations", "OwnedMachines", "Provider", "RecordOutcome", "RecordSweep", "StrategyConfig", "Use"},
		"updateProviderHealth":       {"ApplyLive", "FreshSnapshot", "RecordHealth"},
	}
}

// driverVerbs are those that the drivers of a kind reach.
func driverVerbs() map[string][]string {
	return map[string][]string{
		"aws":    {"Machines"},
		"static": {"DropLease", "Leases", "Machines", "TakeLease"},
	}
}

// keyVerbs are those of what keeps the idempotency keys of a command around its
// handler, frozenVerbs of what refuses one while the broker is frozen.
func keyVerbs() []string    { return []string{schema.ClaimKey, schema.DropKey, schema.FinishKey} }
func frozenVerbs() []string { return []string{"StrategyConfig"} }

// verbsOf are the verbs of a function: its handler's, and those of what stands
// around the handler.
func verbsOf(f Function) []string {
	all := append([]string{}, verbs()[f.Operation.Name]...)
	if f.Provider != "" {
		all = append(all, driverVerbs()[f.Provider]...)
	}
	if f.Operation.Kind == op.Command && !f.Operation.OwnsKeys {
		all = append(all, keyVerbs()...)
	}
	if f.Operation.Changes {
		all = append(all, frozenVerbs()...)
	}
	return all
}

// items are the actions on items that a verb's transactions are made of, which
// IAM judges one by one; what they delete stands in [removes]. A verb without a
// transaction is not here: its calls say what they are.
func items() map[string][]string {
	const put, update = "PutItem", "UpdateItem"
	return map[string][]string{
		schema.PutProvider:     {put, update},
		schema.DeleteProvider:  {}, // beside its event and its entry it only deletes
		schema.PutConfig:       {put},
		schema.RecordHealth:    {put, update},
		schema.ApplyLive:       {put, update},
		schema.PutTemplate:     {put},
		schema.DeleteTemplate:  {},
		schema.PutHostProvider: {put},
		schema.DropKey:         {},
		schema.ClaimOperation:  {put},
		schema.MarkSent:        {put},
		schema.RecordOutcome:   {put},
		schema.TakeStep:        {put},
		schema.NoteMachine:     {put},
		schema.AdoptMachine:    {put},
	}
}

// removes are the partitions of which a verb deletes items: what it is about,
// or the pointers to a machine that has ended.
func removes() map[string][]string {
	pointers := []string{"OWNED#*", "NAME#*", "LOST"}
	return map[string][]string{
		schema.DeleteProvider: {"PROV#*", "REG", "LIVE", "HH#*"},
		schema.DeleteTemplate: {"TPL"},
		schema.DropKey:        {"IDEM#*#*#*"},
		schema.RecordOutcome:  pointers,
		schema.NoteMachine:    pointers,
	}
}
