package rights

// excuse is a right that no recorded request needed, as a regular expression
// over "function action resource key", and why it is there all the same.
type excuse struct{ unused, why string }

// excuses are all there are. What is "played in one process" is a path that the
// tests of shared/catalog take with the same handlers, and that takes hours, a
// worker that dies or an account to come by with the functions' binaries.
var excuses = []excuse{
	{`\S+ logs:(CreateLogStream|PutLogEvents) .*`, "Lambda writes the log, in the function's name"},
	{`\S+ xray:PutT\w+`, "Lambda writes the traces, in the function's name"},
	{`\S+ kms:(Decrypt|DescribeKey|Encrypt|GenerateDataKey).*`, "DynamoDB uses a site's own key, in the function's name"},
	{`\w+-static ec2:(Create|Delete|Describe)NetworkInterfaces?`, "Lambda puts the function into the VPC, in its name"},

	{`(attempt|probe)-aws .*`, "there is no account behind these tests: what comes after its credentials is played in one process"},
	{`sweep-\w+ .*`, "a sweep is due after hours: played in one process"},
	{`record-machine-event .*`, "no event of EC2 comes here: played in one process"},

	{`(due|reconcile) dynamodb:PutItem table/ohfp-prod META`, "the identity of an empty table, which the broker of these tests makes when it makes the table"},
	{`(due|reconcile|probe-static|register-provider-strategy|update-provider-health|deregister-provider-strategy) dynamodb:PutItem table/ohfp-prod (REG|META|HH#\*|EVT#\*)`, "news of a provider that comes from there is a transaction: played in one process"},
	{`deregister-provider-strategy dynamodb:UpdateItem table/ohfp-prod META`, "the order of a provider that is new, which one that leaves is not; the verb is the same"},
	{`(probe-static|register-provider-strategy) dynamodb:(Get|Update)Item table/ohfp-prod LIVE`, "a breaker that opens, or was open under an old name: played in one process"},
	{`probe-static dynamodb:(BatchGetItem table/ohfp-prod MACH#\*|UpdateItem table/ohfp-prod POOL#\*)`, "the driver of pools looks for leases that nobody holds, when there are any"},

	{`\S+ dynamodb:PutItem table/ohfp-prod (AUD#\*|DAY#AUD)`, "the trail is of what somebody asked for: the same verb writes it where somebody did"},
	{`deregister-provider-strategy dynamodb:GetItem table/ohfp-prod HH#\*`, "the verb gets the provider, and queries its history: the pair does not occur"},
	{`(execute-provider-operation|get-available-templates|request-machines|select-provider-strategy) dynamodb:GetItem table/ohfp-prod PROV#\*`, "what was seen of an account's machine types, which pools do not have: played in one process"},
	{`probe-static dynamodb:Query table/ohfp-prod TPL`, "the machine types that templates name, which the handler asks an account about and no pool"},
	{`due dynamodb:GetItem table/ohfp-prod REG`, "health that somebody says is read before it is changed: the same verb, of what was looked at"},

	{`reconcile (dynamodb:\w+|states:StartExecution) .*`, "what it takes over is hours old, or of a worker that died: played in one process"},
	{`(cancel-operation|cancel-request|settle) dynamodb:((Get|Put)Item table/ohfp-prod USE#\*|UpdateItem table/ohfp-prod MET#\*#\*)`, "an attempt that ends there had a worker that died: played in one process"},
	{`cancel-\w+ states:StartExecution stateMachine:ohfp-prod-execute`, "a workflow that has gone is begun again: played in one process"},
	{`cancel-request dynamodb:PutItem table/ohfp-prod (EVT|OP)#\*`, "a request that still goes on is cancelled: played in one process"},
	{`(get-request-status|request-machines) dynamodb:PutItem table/ohfp-prod EVT#\*`, "a request that ends while it is asked for, or needs nobody: played in one process"},
	{`(deregister-provider-strategy|request-machines|request-return-machines|select-provider-strategy) dynamodb:Query table/ohfp-prod OP#\*`, "an operation that another one is about, or stands in the way: played in one process"},
	{`request-return-machines dynamodb:((Get|Put)Item table/ohfp-prod MACH#\*|(Put|Delete)Item table/ohfp-prod (LOST|NAME#\*|OWNED#\*))`, "a machine that its provider took is given back, and the verb notes an end as well: played in one process"},
	{`get-available-templates dynamodb:Query table/ohfp-prod OP#\*`, "a limit that a worker which died has reserved: played in one process"},
	{`(request-machines|get-return-requests) dynamodb:(BatchGetItem table/ohfp-prod MACH#\*|Query table/ohfp-prod NAME#\*)`, "machines that are asked for by their names: played in one process"},
	{`request-machines dynamodb:UpdateItem table/ohfp-prod TICKET#\*`, "a request under a policy that takes turns: played in one process"},
	{`select-provider-strategy dynamodb:PutItem table/ohfp-prod USE#\*`, "a limit whose count is a new one's: played in one process"},
	{`(get-provider-metrics|register-provider-strategy) dynamodb:(Put|Query)\w* table/ohfp-prod METH#\*#\*`, "figures of more than a day, or of an old name: played in one process"},
	{`attempt-static dynamodb:(DeleteItem|PutItem) table/ohfp-prod LOST`, "a machine that is taken back while an attempt is about it: played in one process"},
	{`attempt-static dynamodb:Query table/ohfp-prod DAY#MACH`, "the verb puts the day of new machines, and queries the ledger: the pair does not occur"},
	{`register-host-provider dynamodb:DeleteItem table/ohfp-prod IDEM#\*#\*#\*`, "the key of a call that failed: the same verb around every command"},
}
