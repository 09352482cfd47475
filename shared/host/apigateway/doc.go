// Package apigateway stands in for API Gateway before functions that run on
// this machine: it makes events of requests, in payload format 2.0 of an HTTP
// API with IAM authorization, and answers of what functions return.
//
// Who calls, and whether he may, is package localhost's to say, whose
// [localhost.Forwarder] a [Front] provides. It imports packages fault, localhost
// and op, and the shapes of events of the AWS Lambda library.
package apigateway
