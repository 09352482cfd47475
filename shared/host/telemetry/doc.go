// Package telemetry sets up what a host tells about itself.
//
// The structured log: one JSON object per line, times in UTC with
// milliseconds, to standard error or to a file that only its owner may read;
// in a function, as Lambda's log controls ask. Attributes whose names say that
// they hold a secret or a user's data are written as "[redacted]", whoever
// logs them. Metrics in CloudWatch's embedded format, and tracing through an
// interface: both off unless somebody turns them on.
//
// It imports the standard library only.
package telemetry
