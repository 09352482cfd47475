// Package openmetrics tells a Prometheus server what a broker does: what this
// process has counted since it began, and what the registry says at the time
// of a scrape. docs/monitoring.md lists the names.
//
// It imports packages broker, fault and metrics, and prometheus/client_golang.
package openmetrics
