package schema

import (
	"fmt"
	"io"
	"strings"
)

// Verb is one method of a port: what it reads and writes, in how many calls.
type Verb struct {
	Name    string
	Call    string   // as DynamoDB calls
	Reads   []string // patterns of keys, or an index
	Writes  []string
	Durable bool // a power cut may not lose it; a verb that only reads is not
}

// The verbs of the ports that write.
const (
	PutProvider        = "PutProvider"
	DeleteProvider     = "DeleteProvider"
	RecordHealth       = "RecordHealth"
	ClaimCheck         = "ClaimCheck"
	RecordCapabilities = "RecordCapabilities"
	ClaimSweep         = "ClaimSweep"
	RecordSweep        = "RecordSweep"
	ApplyLive          = "ApplyLive"
	ApplyBlock         = "ApplyBlock"
	ApplyUse           = "ApplyUse"
	PutTemplate        = "PutTemplate"
	DeleteTemplate     = "DeleteTemplate"
	Ticket             = "Ticket"
	ClaimKey           = "ClaimKey"
	FinishKey          = "FinishKey"
	DropKey            = "DropKey"
	ClaimOperation     = "ClaimOperation"
	MarkSent           = "MarkSent"
	RecordOutcome      = "RecordOutcome"
	TakeStep           = "TakeStep"
	NoteMachine        = "NoteMachine"
	AdoptMachine       = "AdoptMachine"
	TakeLease          = "TakeLease"
	DropLease          = "DropLease"
	PutConfig          = "PutConfig"
	AddMetric          = "AddMetric"
	PutMetric          = "PutMetric"
	PutDigest          = "PutDigest"
	PutHostProvider    = "PutHostProvider"
)

// Patterns of keys, as [Verbs] lists them.
const (
	patBroker   = "META/BROKER"
	patOrder    = "META/ORDER"
	patProvider = "REG/P#<provider>"
	patRegistry = "REG/*"
	patConfig   = "REG/CFG"
	patConf     = "PROV#<provider>/CONF"
	patCaps     = "PROV#<provider>/CAPS"
	patSweep    = "PROV#<provider>/SWEEP"
	patLive     = "LIVE/P#<provider>#<class>"
	patLives    = "LIVE/*"
	patBlock    = "REG/B#<provider>#<offering>"
	patHistory  = "HH#<provider>/<time>"
	patMinute   = "MET#<provider>#<hour>/<minute>#<type>"
	patHour     = "METH#<provider>#<day>/<hour>#<type>"
	patLease    = "POOL#<provider>/H#<host>"
	patEvent    = "EVT#<shard>/<id>"
	patAudit    = "AUD#<day>/<id>"
	patAuditDay = "DAY#AUD/<day>"
	patTemplate = "TPL/<template>"
	patTicket   = "TICKET#<scope>/0"
	patKey      = "IDEM#<principal>#<operation>#<key>/-"
	patOp       = "OP#<operation>/META"
	patDecision = "OP#<operation>/DEC"
	patAttempt  = "OP#<operation>/ATT#<n>"
	patOutput   = "OP#<operation>/OUT#<n>#<piece>"
	patLedger   = "OP#<operation>/*"
	patDay      = "DAY#OP/<day>"
	patMachDay  = "DAY#MACH/<day>"
	patMachine  = "MACH#<machine>/OWN"
	patOwned    = "OWNED#<provider>/<machine>"
	patUse      = "USE#<scope>/-"
	patName     = "NAME#<name>/<machine>"
	patReclaim  = "LOST/<machine>"
	patReclaims = "LOST/*"
	patHost     = "HOST#<instance>/-"
	patOpen     = "index open: OPEN#<0-7>, up to <time>"
	patEnded    = "index open: ENDED#<provider>, since <time>"
	patList     = "index list: L#OP#<day>, newest first"
	patMachList = "index list: L#MACH#<day>, newest first"
	patAudList  = "index list: L#AUD#<day>, newest first"
)

// Verbs returns every verb of the ports.
func Verbs() []Verb {
	var all []Verb
	for _, group := range [][]Verb{providerVerbs(), templateVerbs(), keyVerbs(), ledgerVerbs(), machineVerbs(), requestVerbs(), metricVerbs()} {
		all = append(all, group...)
	}
	return all
}

func providerVerbs() []Verb {
	return []Verb{
		{Name: "Provider", Call: "GetItem", Reads: []string{patConf}},
		{Name: "Snapshot", Call: "Query, Query; none when one is kept", Reads: []string{patRegistry, patLives}},
		{Name: "FreshSnapshot", Call: "Query, Query", Reads: []string{patRegistry, patLives}},
		{
			Name: PutProvider, Call: "GetItem; UpdateItem of the order when new; TransactWriteItems (≤ 4): version as seen, with the event and the entry of the audit trail (once a day after PutItem of its day)", Durable: true,
			Reads: []string{patConf, patProvider, patOrder}, Writes: []string{patConf, patProvider, patOrder, patEvent, patAudit, patAuditDay},
		},
		{
			Name: DeleteProvider, Call: "GetItem; Query; TransactWriteItems (≤ 98): version as seen, with the event, the entry of the audit trail (once a day after PutItem of its day) and the last of the history; before it 90 of the history at a time", Durable: true,
			Reads: []string{patConf, patHistory}, Writes: []string{patConf, patCaps, patSweep, patProvider, patLive, patHistory, patEvent, patAudit, patAuditDay},
		},
		{Name: "StrategyConfig", Call: "GetItem; none when a snapshot is kept", Reads: []string{patConfig}},
		{Name: PutConfig, Call: "GetItem; TransactWriteItems (≤ 3): version as seen, with the event and the entry of the audit trail (once a day after PutItem of its day)", Reads: []string{patConfig}, Writes: []string{patConfig, patEvent, patAudit, patAuditDay}, Durable: true},
		{
			Name: RecordHealth, Call: "UpdateItem: what is stored is not newer, and says the same; when it is news TransactWriteItems (2 or 3): not written since, with the history and the event of another state; of what somebody says GetItem, and TransactWriteItems (≤ 4) with the entry of the audit trail (once a day after PutItem of its day), too",
			Reads: []string{patProvider}, Writes: []string{patProvider, patHistory, patEvent, patAudit, patAuditDay},
		},
		{Name: ClaimCheck, Call: "UpdateItem: next check as seen", Reads: []string{patProvider}, Writes: []string{patProvider}},
		{Name: RecordCapabilities, Call: "PutItem: stored record not newer", Reads: []string{patCaps}, Writes: []string{patCaps}},
		{Name: "Capabilities", Call: "GetItem", Reads: []string{patCaps}},
		{Name: ClaimSweep, Call: "UpdateItem: next search as seen", Reads: []string{patProvider}, Writes: []string{patProvider}},
		{Name: RecordSweep, Call: "PutItem: stored record not newer", Reads: []string{patSweep}, Writes: []string{patSweep}},
		{Name: "Sweep", Call: "GetItem", Reads: []string{patSweep}},
		{Name: "HealthHistory", Call: "Query", Reads: []string{patHistory}},
		{Name: ApplyBlock, Call: "GetItem; PutItem: version as seen; again when it was not", Reads: []string{patBlock}, Writes: []string{patBlock}},
		{Name: ApplyLive, Call: "UpdateItem: condition of the kind; again when the row was not as last seen; GetItem before it when only the row can say what to write; TransactWriteItems (2) with the event, and GetItem after it, when the state changes", Reads: []string{patLive}, Writes: []string{patLive, patEvent}},
	}
}

func templateVerbs() []Verb {
	return []Verb{
		{Name: "Template", Call: "GetItem", Reads: []string{patTemplate}},
		{Name: "Templates", Call: "Query", Reads: []string{patTemplate}},
		{Name: PutTemplate, Call: "GetItem; TransactWriteItems (≤ 2): version as seen, with the entry of the audit trail (once a day after PutItem of its day)", Reads: []string{patTemplate}, Writes: []string{patTemplate, patAudit, patAuditDay}, Durable: true},
		{Name: DeleteTemplate, Call: "GetItem; TransactWriteItems (≤ 2): version as seen, with the entry of the audit trail (once a day after PutItem of its day); again when it was not", Reads: []string{patTemplate}, Writes: []string{patTemplate, patAudit, patAuditDay}, Durable: true},
	}
}

func keyVerbs() []Verb {
	return []Verb{
		{Name: Ticket, Call: "UpdateItem: ADD 1", Reads: []string{patTicket}, Writes: []string{patTicket}},
		{Name: "ReadKey", Call: "GetItem", Reads: []string{patKey}},
		{Name: ClaimKey, Call: "PutItem: none, expired or abandoned", Reads: []string{patKey}, Writes: []string{patKey}, Durable: true},
		{Name: FinishKey, Call: "PutItem: not done", Reads: []string{patKey}, Writes: []string{patKey}, Durable: true},
		{Name: DropKey, Call: "TransactWriteItems (1): not done, no operation", Reads: []string{patKey}, Writes: []string{patKey}, Durable: true},
	}
}

func ledgerVerbs() []Verb {
	return []Verb{
		{
			Name: ClaimOperation, Durable: true,
			Call:  "PutItem of the day, once a day; TransactWriteItems: key free, operation new, with the event when it needs nobody",
			Reads: []string{patKey, patOp, patDay}, Writes: []string{patOp, patDecision, patAttempt, patKey, patDay, patEvent},
		},
		{Name: MarkSent, Call: "PutItem, or TransactWriteItems when it has pieces: run and state as seen; Query of the ledger when what refuses it has pieces", Reads: []string{patAttempt, patLedger}, Writes: []string{patAttempt, patOutput}, Durable: true},
		{
			Name: RecordOutcome, Durable: true,
			Call:  "PutItem of the day of new machines, once a day; BatchGetItem and TransactWriteItems per 90 items of machines: not written since; then, or with the last of them, TransactWriteItems: run and state as seen, version as seen when it closes, with the events; Query of the ledger when what refuses it has pieces",
			Reads: []string{patAttempt, patLedger, patOp, patMachine, patMachDay}, Writes: []string{patAttempt, patOutput, patOp, patMachine, patOwned, patName, patReclaim, patMachDay, patEvent},
		},
		{
			Name: TakeStep, Call: "TransactWriteItems: version as seen, runs and states as seen, added attempts new, with the events and the entry of the audit trail (once a day after PutItem of its day); Query of the ledger when what refuses it has pieces", Durable: true,
			Reads: []string{patOp, patAttempt, patLedger}, Writes: []string{patOp, patAttempt, patOutput, patEvent, patAudit, patAuditDay},
		},
		{Name: "Ledger", Call: "Query", Reads: []string{patLedger}},
		{Name: "Operations", Call: "Query of the days, Query per day until the page is full", Reads: []string{patDay, patList}},
		{Name: "OpenOperations", Call: "Query ×8", Reads: []string{patOpen}},
	}
}

func machineVerbs() []Verb {
	return []Verb{
		{Name: "Machines", Call: "BatchGetItem per 100", Reads: []string{patMachine}},
		{Name: "ListMachines", Call: "Query of the days, Query per day until the page is full; of one operation Query, BatchGetItem per 100", Reads: []string{patMachDay, patMachList, patLedger, patMachine}},
		{Name: "OwnedMachines", Call: "Query, BatchGetItem per 100", Reads: []string{patOwned, patMachine}},
		{Name: "Owned", Call: "Query", Reads: []string{patOwned}},
		{Name: "Use", Call: "GetItem", Reads: []string{patUse}},
		{Name: ApplyUse, Call: "GetItem; PutItem: version as seen; again when it was not", Reads: []string{patUse}, Writes: []string{patUse}, Durable: true},
		{Name: "EndedMachines", Call: "Query", Reads: []string{patEnded}},
		{
			Name: NoteMachine, Call: "GetItem; when it is news PutItem, or TransactWriteItems (≤ 5) when the machine ends or is taken back: not written since, with the event when it is lost", Durable: true,
			Reads: []string{patMachine}, Writes: []string{patMachine, patOwned, patName, patReclaim, patEvent},
		},
		{
			Name: AdoptMachine, Call: "PutItem of the day, once a day; TransactWriteItems (≤ 3): there is none", Durable: true,
			Reads: []string{patMachine, patMachDay}, Writes: []string{patMachine, patOwned, patName, patMachDay},
		},
		{Name: "Leases", Call: "Query", Reads: []string{patLease}},
		{Name: TakeLease, Call: "UpdateItem: version as seen, or free", Reads: []string{patLease}, Writes: []string{patLease}, Durable: true},
		{Name: DropLease, Call: "UpdateItem: held by the machine", Reads: []string{patLease}, Writes: []string{patLease}, Durable: true},
		{Name: "Meta", Call: "GetItem", Reads: []string{patBroker}},
		{Name: "Events", Call: "Query ×4", Reads: []string{patEvent}},
		{Name: "AuditEvents", Call: "Query of the days, Query per day until the page is full", Reads: []string{patAuditDay, patAudList}},
	}
}

func requestVerbs() []Verb {
	return []Verb{
		{Name: "HostProvider", Call: "GetItem", Reads: []string{patHost}},
		{Name: PutHostProvider, Call: "GetItem; TransactWriteItems (≤ 2): version as seen, with the entry of the audit trail (once a day after PutItem of its day)", Reads: []string{patHost}, Writes: []string{patHost, patAudit, patAuditDay}, Durable: true},
		{Name: "Use", Call: "GetItem", Reads: []string{patUse}},
		{Name: "NamedMachines", Call: "Query per name, BatchGetItem per 100", Reads: []string{patName, patMachine}},
		{Name: "Reclaims", Call: "Query", Reads: []string{patReclaims}},
	}
}

func metricVerbs() []Verb {
	return []Verb{
		{Name: AddMetric, Call: "UpdateItem: ADD", Reads: []string{patMinute}, Writes: []string{patMinute}},
		{Name: "MetricRows", Call: "Query", Reads: []string{patMinute, patHour}},
		{Name: PutMetric, Call: "PutItem", Writes: []string{patHour, patMinute}},
		{Name: PutDigest, Call: "UpdateItem: stored one not newer", Reads: []string{patProvider}, Writes: []string{patProvider}},
	}
}

// WriteVerbs writes the list as a Markdown table.
func WriteVerbs(w io.Writer) error {
	rows := []string{"| verb | reads | writes | as DynamoDB calls | survives a power cut |", "|---|---|---|---|---|"}
	for _, v := range Verbs() {
		durable := map[bool]string{true: "yes", false: ""}[v.Durable]
		rows = append(rows, fmt.Sprintf("| %s | %s | %s | %s | %s |", v.Name, code(v.Reads), code(v.Writes), v.Call, durable))
	}
	_, err := io.WriteString(w, strings.Join(rows, "\n")+"\n")
	return err
}

func code(patterns []string) string {
	var b strings.Builder
	for i, p := range patterns {
		if i > 0 {
			b.WriteString("<br>")
		}
		b.WriteString("`" + p + "`")
	}
	return b.String()
}
