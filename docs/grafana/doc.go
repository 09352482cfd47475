// Package grafana holds dashboards for Grafana; docs/monitoring.md says how they
// are used. It has tests and no code: they hold every query to what a broker
// really tells.
package grafana
