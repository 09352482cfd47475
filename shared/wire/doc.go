// Package wire reads JSON strictly for our own types. encoding/json alone
// accepts keys in other cases, the same key twice, and keys that nobody reads;
// a misspelt machine count then silently becomes the default. Here every such
// key is refused with its full path and the nearest known name, and all
// problems of a body are reported at once, as one [fault.Error].
//
// The rules stand in struct tags beside the fields, read once per type by
// [SchemaOf]; flags, help and OpenAPI are derived from the same [Schema].
//
// It imports the standard library and package fault only.
package wire
