// Package lambdahost serves one operation as an AWS Lambda function. A main
// is one line:
//
//	func main() { lambdahost.Serve(query.GetProviderHealth, reads.Open) }
//
// One handler takes what a function can be called with: requests of API
// Gateway in both payload formats, for commands and queries; the payload of a
// state machine's task or of a caller of Lambda, for steps and schedules;
// schedules and events of EventBridge. What API Gateway sent is always
// answered as API Gateway wants it, failures included, as the same problem
// documents that localhost writes. A state machine gets what failed as the
// name of an error; the ledger trusts those names, so that only a step that
// says so itself ([fault.Task]) has any but Ohfp.Internal.
//
// API Gateway authenticates and says who may call which route. This package
// refuses what nobody has authenticated, and gives who came through the role
// that the operation needs.
//
// It imports packages op, fault and telemetry, and the AWS Lambda runtime.
package lambdahost
