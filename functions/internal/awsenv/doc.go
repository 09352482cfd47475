// Package awsenv reads how a function reaches AWS: the region, the credentials
// and the endpoints, from the variables that Lambda sets.
//
// The SDK's own package config looks in many more places, none of which a
// function has: files, profiles, single sign-on, the metadata of an instance.
// For that it links the clients of four services; without it a function is a
// fifth smaller and as much faster at its start.
//
// It imports fault, settings and the core of the AWS SDK.
package awsenv
