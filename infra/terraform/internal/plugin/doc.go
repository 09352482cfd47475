// Package plugin is the Terraform provider of a broker. A resource is a row: the
// operations that store and remove it, the shape that their types give it, and
// the broker's own checks, which hold at plan time what needs no call.
package plugin
