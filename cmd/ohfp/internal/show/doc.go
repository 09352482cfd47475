// Package show prints a JSON document for people and programs: as it is, as
// YAML, or as tables. It keeps the order of keys, and lets no control
// character of a document reach a terminal.
//
// It imports the standard library, and go-pretty for tables.
package show
