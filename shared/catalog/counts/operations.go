package counts

// Names of the functions.
const (
	execute   = "execute-provider-operation"
	attempt   = "attempt-static"
	settle    = "settle"
	selects   = "select-provider-strategy"
	get       = "get-operation"
	standing  = "get-request-status"
	reclaims  = "get-return-requests"
	due       = "due"
	probe     = "probe-static"
	reconcile = "reconcile"
)

// hosts is how many a pool has: a creation looks its own machines up on each.
const hosts = 4

// Create makes machines at the first provider that is asked: the good path.
func Create(machines int) Operation {
	return Operation{
		Name: "create", Flow: Standard, States: []string{"Attempt"}, Awaited: true,
		Steps: []Step{executing(claim(createKB), ledgerKB), created(machines)},
	}
}

// CreateWithKey is Create of a request with an idempotency key.
func CreateWithKey(machines int) Operation {
	const key = "IDEM#<principal>#<operation>#<key>/-"
	o := Create(machines)
	o.Name = "create with an idempotency key"
	c := claim(createKB)
	c.Rows = append([]Row{{Key: key, KB: 1}}, c.Rows...)
	o.Steps[0] = executing(c, ledgerKB)
	o.Steps[0].Calls = append([]Call{{For: "the key", Action: getItem, Rows: []Row{{Key: key}}}}, o.Steps[0].Calls...)
	return o
}

// Failover makes machines at the second provider, when the first has no room.
func Failover(machines int) Operation {
	return Operation{
		Name: "create with one failover", Flow: Standard, States: []string{"Attempt", "Settle", "Decide", "Attempt"}, Awaited: true,
		Steps: []Step{
			executing(claim(createKB), failoverKB),
			full(),
			{Function: settle, Calls: []Call{
				ledger("the ledger", ledgerKB),
				{For: "the next attempt with INTENT", Action: transactWrite, Rows: []Row{operationRow(createKB, moved), attemptRow(attemptKB), eventRow()}},
			}},
			created(machines),
		},
	}
}

// executing is the function that a request comes in by: it selects, promises,
// starts the workflow and answers from the ledger.
func executing(claim Call, kb int) Step {
	calls := []Call{template()}
	calls = append(calls, snapshot()...)
	calls = append(calls, identity(), claim, ledger("the answer", kb))
	return Step{Function: execute, Calls: calls}
}

// created is an attempt that completes a creation.
func created(machines int) Step {
	calls := append(beforeCall(), sent())
	calls = append(calls, leasing(machines)...)
	calls = append(calls,
		liveEnd(),
		knownMachines("whether a machine is recorded already", machines, 0),
		outcome("outcome, machines and close", machines, attemptRow(resultKB), operationRow(createKB, closed), eventRow()),
		counted(),
	)
	return Step{Function: attempt, Driver: true, Calls: calls}
}

const blockKey = "REG/B#<provider>#<offering>"

// full is an attempt at a provider without room.
func full() Step {
	calls := append(beforeCall(), sent())
	calls = append(calls, leasing(0)...)
	calls = append(calls, Call{For: "whether it was out of that before", Action: getItem, Rows: []Row{{Key: blockKey}}},
		Call{For: "what it is out of", Action: putItem, Rows: []Row{{Key: blockKey, KB: 1}}})
	return Step{Function: attempt, Driver: true, Calls: append(calls, liveEnd(), outcome("outcome", 0, attemptRow(attemptKB)), counted())}
}

// beforeCall is what every attempt does before it may call its provider.
func beforeCall() []Call {
	return []Call{ledger("the ledger", ledgerKB), configuration(), permit(), registration()}
}

// leasing is what the driver of a static pool does to make machines.
func leasing(machines int) []Call {
	calls := []Call{leases(), {For: "what the token made before", Action: batchGet, Pool: true, Rows: repeat(hosts, Row{Key: "MACH#<machine>/OWN"})}}
	for range machines {
		calls = append(calls, lease("the lease of a host"))
	}
	return calls
}

func leases() Call {
	return Call{For: "the leases of the pool", Action: query, Pool: true, Rows: []Row{{Key: "POOL#<provider>/", KB: poolKB}}}
}

func lease(why string) Call {
	return Call{For: why, Action: updateItem, Pool: true, Rows: []Row{{Key: "POOL#<provider>/H#<host>", KB: 1}}}
}

// Terminate ends machines of one provider.
func Terminate(machines int) Operation {
	calls := append(beforeCall(), sent(), leases())
	for range machines {
		calls = append(calls, lease("the host is free"))
	}
	calls = append(calls,
		liveEnd(),
		knownMachines("the records to end", machines, machineKB),
		knownMachines("whether another wrote them meanwhile", machines, machineKB),
		ending("outcome, ended machines and close", machines, attemptRow(attemptKB)),
		counted(),
	)
	return Operation{
		Name: "terminate", Flow: Standard, States: []string{"Attempt"}, Awaited: true,
		Steps: []Step{owners(machines), {Function: attempt, Driver: true, Calls: calls}},
	}
}

// Status asks the owner of machines for their status, which is as recorded.
func Status(machines int) Operation {
	calls := append(beforeCall(), leases())
	inPool := knownMachines("the records of the machines", machines, machineKB)
	inPool.Pool = true
	calls = append(calls, inPool,
		liveEnd(),
		knownMachines("origin and status as recorded", machines, machineKB),
		outcome("outcome and close", 0, attemptRow(resultKB), operationRow(routedKB, closed)),
		counted(),
	)
	return Operation{
		Name: "status", Flow: Express, States: []string{"Attempt"},
		Steps: []Step{owners(machines), {Function: attempt, Driver: true, Calls: calls}},
	}
}

// owners is the function that a request about machines comes in by.
func owners(machines int) Step {
	calls := append([]Call{knownMachines("who owns the machines", machines, machineKB)}, snapshot()...)
	return Step{Function: execute, Calls: append(calls, claim(routedKB), ledger("the answer", ledgerKB))}
}

// HealthCheck asks a provider for its health, which is as recorded.
func HealthCheck() Operation {
	calls := snapshot()
	calls = append(calls, claim(routedKB), ledger("the answer", ledgerKB))
	return Operation{
		Name: "health check", Flow: Express, States: []string{"Attempt"},
		Steps: []Step{
			{Function: execute, Calls: calls},
			{Function: attempt, Driver: true, Calls: []Call{
				ledger("the ledger", ledgerKB), registration(), leases(), configuration(), health(),
				outcome("outcome and close", 0, attemptRow(attemptKB), operationRow(routedKB, closed)), counted(),
			}},
		},
	}
}

func health() Call {
	return Call{For: "what the check found", Action: updateItem, Rows: []Row{{Key: "REG/P#<provider>", KB: 1}}}
}

// Select is a selection by a process that has no fresh snapshot.
func Select() Operation {
	return Operation{Name: "select", Steps: []Step{{Function: selects, Calls: snapshot()}}}
}

// SelectKept is a selection by a process that has one.
func SelectKept() Operation {
	return Operation{Name: "select from a kept snapshot", Steps: []Step{{Function: selects}}}
}

// SelectTurn is a selection that takes turns, from a kept snapshot.
func SelectTurn() Operation {
	return Operation{Name: "select in turn from a kept snapshot", Steps: []Step{{Function: selects, Calls: []Call{
		{For: "the ticket", Action: updateItem, Rows: []Row{{Key: "TICKET#<scope>/0", KB: 1}}},
	}}}}
}

// Poll shows an operation.
func Poll() Operation {
	return Operation{Name: "poll", Steps: []Step{{Function: get, Calls: []Call{ledger("the operation", ledgerKB)}}}}
}

// PollRequest shows how a scheduler's request stands, from its second reading as
// a final answer on, or while it has none.
func PollRequest() Operation {
	return Operation{Name: "poll of a scheduler", Steps: []Step{{Function: standing, Calls: []Call{ledger("the request", ledgerKB)}}}}
}

// Reclaims tells a scheduler of machines that are taken back, which are none,
// however many it names.
func Reclaims() Operation {
	return Operation{Name: "what providers take back", Steps: []Step{{Function: reclaims, Calls: []Call{
		{For: "what they take back", Action: query, Rows: []Row{{Key: "LOST/", KB: 1}}},
	}}}}
}

// openShards is over how many partitions the index of what is open is spread.
const openShards = 8

// Reconcile is a tick of the reconciler that finds nothing to do, and nothing
// counted since the one before, at so many providers.
func Reconcile(providers int) Operation {
	var calls []Call
	for range openShards {
		calls = append(calls, Call{For: "what is due", Action: query, Weak: true, Rows: []Row{{Key: "index open: OPEN#<shard>"}}})
	}
	calls = append(calls, freshSnapshot()...)
	for range providers {
		calls = append(calls, minutes(), minutes())
	}
	return Operation{
		Name: "tick of the reconciler", Flow: Express, States: []string{"Reconcile", "More", "Reconciled"},
		Steps: []Step{{Function: reconcile, Calls: calls}},
	}
}

// Checks is a tick of the health checks at which so many are due. Each finds
// what was found before, and knows what its provider offers.
func Checks(providers int) Operation {
	o := Operation{Name: "tick of the health checks", Flow: Express, States: []string{"Due", "Probes"}}
	claims := Step{Function: due, Calls: freshSnapshot()}
	for range providers {
		claims.Calls = append(claims.Calls, Call{For: "the claim of a check", Action: updateItem, Rows: []Row{{Key: "REG/P#<provider>", KB: 1}}})
	}
	o.Steps = append(o.Steps, claims)
	for range providers {
		o.States = append(o.States, "Probe")
		o.Steps = append(o.Steps, Step{Function: probe, Driver: true, Calls: []Call{
			registrationToProbe(), leases(), configuration(), health(), capabilities(),
		}})
	}
	return o
}

func capabilities() Call {
	return Call{For: "what the provider was seen to offer", Action: getItem, Rows: []Row{{Key: "PROV#<provider>/CAPS", KB: 1}}}
}

func registrationToProbe() Call {
	c := registration()
	c.For = "the registration"
	return c
}
