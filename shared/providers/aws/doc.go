// Package aws makes machines with EC2, or a cloud that speaks its API.
//
// # Creating
//
// One call makes all machines of an attempt: RunInstances for one machine type
// in one subnet, an instant fleet for everything else (several types or
// subnets, a mixture of on demand and spot, requirements in the place of
// types). The attempt's token is the ClientToken, so that the call can be
// repeated: EC2 answers a token that it knows with the machines that it made
// for it. A fleet needs a launch template; it is named by the hash of what it
// holds, so that it is made once and never changed. What was made is looked up
// once by its tags, for addresses; a machine that is not seen yet is PENDING
// and has none.
//
// # Errors
//
// The SDK retries nothing: there is one layer that does, the broker, which
// knows that a second try must not hide what became of the first. Codes are
// classified by the table in codes.go; what it does not know is SERVER.
// An answer that says that a machine was not made is certain, whatever its
// class; a call without an answer is not, once it may have left.
//
// # Consistency
//
// A machine may exist for up to two minutes before a look-up finds it. Status
// and Terminate therefore ask the broker's own records about machines that EC2
// does not know, and take only what is older for gone.
//
// # Ownership
//
// Everything carries the tags of [Tags]. Look-ups ask for the broker's id, and
// nothing is ended but what the broker's ledger names.
//
// It imports providers, providers/config, broker, fault and the clients of EC2
// and STS.
package aws
