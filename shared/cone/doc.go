// Package cone reads what binaries link, for the tests that hold their imports.
//
// It imports the standard library.
package cone
