// Package ec2test is a double of EC2 for tests: one region of one account that
// keeps state and is spoken to over HTTP by the real client. It reads the EC2
// query protocol (a form) and answers XML, and it answers AssumeRole of STS.
//
// A [Cloud] remembers client tokens (the same token gets the same machines,
// with other parameters IdempotentParameterMismatch), runs out of machines by
// type, zone and way to pay, has quotas, limits how many machines a second may
// be asked for, shows machines only after a while, takes spot machines back,
// and loses, cuts, delays and refuses answers as it is told. Its time is the
// test's: nothing sleeps. What it does not model is refused as InvalidAction
// or UnknownParameter, so that no test passes by accident.
//
// It imports the standard library only; who tests with it brings the client.
package ec2test
