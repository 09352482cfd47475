// Package runtimeapi runs the binaries of Lambda functions on this machine. It
// serves the Lambda Runtime API, by which a function fetches its events, to
// the processes that it starts, one event at a time for each, and it serves
// the Invoke API of Lambda to callers. A [Server] is also what a state machine
// invokes functions by.
//
// What is tested here is the program that is deployed: its start, its
// environment, its deadline, the names of its errors, its death. What Lambda
// does beside it is not played: roles, memory limits, freezing between
// invocations, retries of asynchronous events, versions and aliases.
//
// The processes reach the API on a port of the loopback device, each under a
// path that nobody else knows. The Invoke API checks no signature: who serves
// it decides who may reach it.
//
// It imports the standard library and uuid only.
package runtimeapi
