// Package awsprov reads awsprov_templates.json, in which IBM Spectrum Symphony
// and LSF describe the machines of AWS, and says of each field what becomes of
// it in a template of ours. The fields are those of IBM's reference for
// Symphony 7.3 and of the LSF resource connector 10.1.
//
// It imports the standard library, document, and wire for the nearest name.
package awsprov
