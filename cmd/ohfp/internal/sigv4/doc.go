// Package sigv4 proves to API Gateway who calls: it finds credentials of AWS
// where AWS's tools keep them, and signs requests with them (Signature Version 4
// of execute-api).
//
// The SDK's own package config finds them in more places, for which it links
// the clients of four services: a quarter more of a program that schedulers
// start at every poll. Here are read the environment, the shared files, a
// credential_process, the endpoint of a container and the metadata of an
// instance. What takes a sign-on or a role is left to the AWS CLI, whose
// `aws configure export-credentials` is made for that.
//
// It imports the core of the AWS SDK, its signer, and those of its sources of
// credentials that link no client of a service.
package sigv4
