//go:build !faultpoints

package main

import "github.com/openhostfactory/ohfp/shared/store/sqlite"

// crashPoints is the store itself: only builds with the tag faultpoints, which
// the crash tests make, can be told to die at a step boundary.
func crashPoints(s *sqlite.Store) ledgerStore { return s }
