// Package rights proves the roles of a stage. Its tests judge what the functions
// asked of AWS while the end-to-end tests played their binaries, each request by
// the role that the stage gives to that function, and list what no request
// needed.
//
// Nothing is in it but tests.
package rights
