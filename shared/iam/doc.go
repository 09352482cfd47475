// Package iam judges requests by policies of AWS IAM, for tests that prove
// offline what a role may do: [Evaluate] says whether it may, [Unused] what
// nobody asked for. A [Template] gives the policies of a role as CloudFormation
// would make them.
//
// It understands the part of the language that this project writes: Allow and
// Deny, Action and Resource with wildcards, and conditions on strings. All else
// is refused, loudly: a policy that is understood half proves nothing.
//
// It knows identity policies alone. Boundaries, policies of resources and of
// organisations can only take away from what it allows.
//
// It imports the standard library.
package iam
