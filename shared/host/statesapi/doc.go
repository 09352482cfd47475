// Package statesapi serves a part of the API of AWS Step Functions over the
// walker of flow/local, so that programs written for AWS start their
// workflows on this machine: StartExecution, StartSyncExecution,
// DescribeExecution and StopExecution, in AWS JSON 1.0. A program is sent here
// by AWS_ENDPOINT_URL_SFN.
//
// The state machines are those of package statemachines under names, types and
// time-outs that the deployment would give them. Names of Standard executions
// are taken once, as on AWS, and there for 90 days; here for as long as the
// process lives and no more than [Options].Closed others have ended since.
// Nothing survives the process: whoever keeps a ledger resumes from it. What
// Step Functions does beside is not played: history, lists, versions, aliases,
// roles, the limits on rates, the twice that an Express execution may run.
//
// It checks no signature: who serves it decides who may reach it.
//
// The package imports flow/local, statemachines, uuid and the standard
// library.
package statesapi
