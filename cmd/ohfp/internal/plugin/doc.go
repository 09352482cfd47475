// Package plugin installs and checks the provider plug-in of IBM Spectrum
// Symphony's Host Factory and of LSF's resource connector: five scripts that
// start the client, and samples of the files in which the scheduler is told of
// them.
//
// It imports the standard library and package hostfactory only.
package plugin
