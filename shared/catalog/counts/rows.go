package counts

// How large rows are, in KB rounded up, at a site of two pools of four hosts
// with a short template, for two machines; the tests hold the sizes too. A
// template with 16 KB of user data makes the rows that carry it so much larger.
const (
	createKB   = 2 // an operation that creates: for each candidate what it is to make
	routedKB   = 1 // another operation
	attemptKB  = 1 // with what it is to make
	resultKB   = 2 // with the machines that it made or saw
	machineKB  = 1
	ledgerKB   = 4 // an operation with all that belongs to it, or less
	failoverKB = 5 // one with two attempts at its end
	registryKB = 2 // of two providers
	poolKB     = 2 // the leases of a pool
)

func template() Call {
	return Call{For: "the template", Action: getItem, Rows: []Row{{Key: "TPL/<template>", KB: 1}}}
}

func identity() Call {
	return Call{For: "the broker's id, for tags", Action: getItem, Rows: []Row{{Key: "META/BROKER", KB: 1}}}
}

// snapshot is what selection reads, unless its process has read it less than
// two seconds ago.
func snapshot() []Call {
	return []Call{registry(), {For: "the breakers, as a hint", Action: query, Weak: true, Rows: []Row{{Key: "LIVE/", KB: 2}}}}
}

// freshSnapshot is what a tick reads: all that was stored before.
func freshSnapshot() []Call {
	return []Call{registry(), {For: "the breakers", Action: query, Rows: []Row{{Key: "LIVE/", KB: 2}}}}
}

func registry() Call {
	return Call{For: "the registry", Action: query, Rows: []Row{{Key: "REG/", KB: registryKB}}}
}

// configuration is what a worker obeys: when a provider's calls are held back,
// and what is slow.
func configuration() Call {
	return Call{For: "the configuration", Action: getItem, Rows: []Row{{Key: "REG/CFG"}}}
}

func ledger(why string, kb int) Call {
	return Call{For: why, Action: query, Rows: []Row{{Key: "OP#<operation>/", KB: kb}}}
}

func registration() Call {
	return Call{For: "the registration, after the call counts as in flight", Action: getItem, Rows: []Row{{Key: "PROV#<provider>/CONF", KB: 1}}}
}

func knownMachines(why string, n, kb int) Call {
	return Call{For: why, Action: batchGet, Rows: repeat(n, Row{Key: "MACH#<machine>/OWN", KB: kb})}
}

func repeat(n int, rows ...Row) []Row {
	var all []Row
	for range n {
		all = append(all, rows...)
	}
	return all
}

// operationRow is an operation, and how many entries of indexes are written
// with it. Both indexes get one when it is new; the open one loses its own and
// the list's is replaced when it closes; both of these and a new open one are
// written when its due time moves.
func operationRow(kb, indexed int) Row {
	return Row{Key: "OP#<operation>/META", KB: kb, Indexed: indexed}
}

const (
	opened = 2
	closed = 2
	moved  = 3
)

// listed is the entry of a machine in the list of machines.
const listed = 1

func attemptRow(kb int) Row { return Row{Key: "OP#<operation>/ATT#<n>", KB: kb} }

// eventRow is what is told of a change, with the change.
func eventRow() Row { return Row{Key: "EVT#<shard>/<id>", KB: 1} }

// claim is the promise to carry an operation out, whatever becomes of the
// process: with INTENT, before anything is done.
func claim(kb int) Call {
	return Call{For: "claim with INTENT", Action: transactWrite, Rows: []Row{
		operationRow(kb, opened), {Key: "OP#<operation>/DEC", KB: 1}, attemptRow(attemptKB),
	}}
}

func permit() Call {
	return Call{For: "permit and call in flight", Action: updateItem, Rows: []Row{liveRow()}}
}

func liveEnd() Call {
	return Call{For: "end of the call, for the breaker", Action: updateItem, Rows: []Row{liveRow()}}
}

// counted is the attempt among those of its minute and type; it comes last.
func counted() Call {
	return Call{For: "the counters of the minute", Action: updateItem, Rows: []Row{{Key: "MET#<provider>#<hour>/<minute>#<type>", KB: 1}}}
}

// minutes are the counters of this hour, or of the one before.
func minutes() Call {
	return Call{For: "the counters of the last hour", Action: query, Rows: []Row{{Key: "MET#<provider>#<hour>/"}}}
}

func liveRow() Row { return Row{Key: "LIVE/P#<provider>#<class>", KB: 1} }

func sent() Call {
	return Call{For: "SENT, before the call", Action: putItem, Rows: []Row{attemptRow(attemptKB)}}
}

// outcome is what came of an attempt, with the machines that it made or ended,
// and with the operation when that completes it.
func outcome(why string, machines int, more ...Row) Call {
	return Call{For: why, Action: transactWrite, Rows: append(machineRows(machines, listed), more...)}
}

// ending is what came of a termination: each machine that has ended gets an
// entry among those of its provider that have, in the index of what is open.
// DynamoDB Local shows no units for the operation's entry that leaves the same
// index in the same transaction; AWS may bill two more for it.
func ending(why string, machines int, attempt Row) Call {
	rows := append(machineRows(machines, listed+1), attempt, operationRow(routedKB, closed-1), eventRow())
	return Call{For: why, Action: transactWrite, Rows: rows}
}

// machineRows are the rows of machines, with so many entries of indexes each.
func machineRows(machines, indexed int) []Row {
	return repeat(machines, Row{Key: "MACH#<machine>/OWN", KB: machineKB, Indexed: indexed}, Row{Key: "OWNED#<provider>/<machine>", KB: 1}, Row{Key: "NAME#<name>/<machine>", KB: 1})
}
