// Package schema is the one table in which a broker keeps everything: its
// keys, its two sparse indexes, its limits, and what each verb of the ports
// reads and writes in it ([Verbs]). It is shaped for DynamoDB; the SQLite
// adapter mirrors it, so that a verb costs one call or one transaction in
// either. Both adapters build keys and items here and nowhere else.
//
// It imports packages broker and fault, and does no I/O.
package schema
