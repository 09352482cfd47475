// Package document reads YAML and JSON that people write, and remembers the
// line of everything, so that whoever refuses something in it can say where.
//
// It imports the standard library, go-yaml, and wire for comments in JSON.
package document
