// Package hostfactory speaks the dialect of IBM Spectrum Symphony's Host
// Factory and of LSF's resource connector, both ways.
//
// In, it is lenient: what the schedulers send has been an object where a list
// is documented, flat where it is nested, in snake case and in camel case,
// with numbers as text, and an empty file. What contradicts itself, or leaves
// open how many machines are meant, is refused all the same: a machine too
// many costs money. Out, it is exact: the names, types and words that the
// schedulers read, and nothing that they would stumble over.
//
// The states that they know are folded from ours by tables: [Acquired] and
// [Returned] for a machine, [Fold] for a request.
//
// Everything here is a pure function. It imports the standard library,
// packages broker, fault and wire only.
package hostfactory
