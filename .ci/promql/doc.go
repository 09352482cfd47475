// Package promql holds a test alone: what docs/ asks a Prometheus server parses.
// That it asks for what is told is held beside the exporter and the dashboards.
package promql
