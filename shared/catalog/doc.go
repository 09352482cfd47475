// Package catalog is the single table of operations: what exists, and which
// room serves it. From it come routes, subcommands, flags, help, the OpenAPI
// document and, on AWS, functions and roles.
//
// It may import op, broker, fault and the three handler rooms; never hosts,
// stores or drivers.
package catalog
