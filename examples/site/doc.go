// Package site plays a site on one machine, for programs that drive the
// binaries from outside: pools whose hosts answer, stop answering or keep
// silent, and a broker process that is started, killed and started again.
//
// It imports the standard library only and knows the product as its users do:
// files, ports and processes.
package site
