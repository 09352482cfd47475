// Package shape derives what Terraform knows of an operation's types from their
// tags: attributes with their docs and defaults, and values in both directions.
//
// A value whose type depends on others, as an attribute of a host, is a text in
// Terraform, whose types are fixed: text that is a JSON number, true, false, a
// list, an object or a quoted text stands for that, any other text for itself.
//
// It imports package wire and the plug-in framework.
package shape
