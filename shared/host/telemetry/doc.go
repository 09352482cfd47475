// Package telemetry sets up the structured log: one JSON object per line,
// times in UTC with milliseconds, to standard error or to a file that only
// its owner may read. Attributes whose names say that they hold a secret or a
// user's data are written as "[redacted]", whoever logs them.
//
// It imports the standard library only.
package telemetry
