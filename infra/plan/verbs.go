package plan

import (
	_ "embed"
	"encoding/json"
	"slices"

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

//go:embed verbs.json
var reached []byte

// reach is what is reached from where: verbs of the ports, and the three above,
// in the order of their names. A test derives it from the sources of the rooms:
// a verb that is missing would be refused on AWS, one too many is a right that
// nobody needs.
type reach struct {
	Operations map[string][]string `json:"operations"` // from the handler of an operation
	Drivers    map[string][]string `json:"drivers"`    // from the drivers of a kind
	Keys       []string            `json:"keys"`       // from what keeps idempotency keys around a handler
	Frozen     []string            `json:"frozen"`     // from what refuses a command while the broker is frozen
}

func verbs() (r reach) {
	if err := json.Unmarshal(reached, &r); err != nil {
		panic(err) // it is part of the program
	}
	return r
}

// verbsOf are the verbs of a function: its handler's, and those of what stands
// around the handler.
func verbsOf(f Function) []string {
	r := verbs()
	all := slices.Clone(r.Operations[f.Operation.Name])
	if f.Provider != "" {
		all = append(all, r.Drivers[f.Provider]...)
	}
	if f.Operation.Kind == op.Command && !f.Operation.OwnsKeys {
		all = append(all, r.Keys...)
	}
	if f.Operation.Changes {
		all = append(all, r.Frozen...)
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
