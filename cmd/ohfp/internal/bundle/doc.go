// Package bundle puts what a report of a problem needs into one archive, and
// leaves out what nobody else should have: secrets, user data, the notes and
// tags of users, addresses of machines, the values of the environment.
//
// What is left out is known by its name, as in logs: a report is built from
// documents of the broker, whose names we know, and from a log, of which lines
// that are no JSON are taken only as far as they hold nothing that looks like a
// secret. It is made for being read before it is sent: the manifest says what
// is in it and what is not.
//
// The package imports the standard library only.
package bundle
