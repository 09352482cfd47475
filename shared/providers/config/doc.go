// Package config holds the schema of every provider kind, without any SDK: what
// a registration's strategy_config may say, what a template may override for a
// kind, and whether a template is complete for it. Commands and queries check
// and merge with it and link no driver.
//
// A new kind is a file of its own and a line in the list of kinds. The package
// does no I/O: what a config names (files, commands, profiles) is looked at by
// the driver. It imports broker, fault and wire.
package config
