// Package static hands out hosts that exist already: the embedded default, and
// the on-prem half of a hybrid site.
//
// # Leases
//
// Each host of a pool has at most one lease, taken by a conditional write to
// the [broker.LeaseBook]; that write is the effect, all before it is looking.
// A machine is a lease: its id is "m-" + UUIDv5(token, host), its name the
// host's. A replay of a token first finds the leases that the token holds, then
// takes further hosts only up to the count asked for. Calls with one token
// follow one another within a process; an overlap between processes is what
// the ledger's fences are for, and what it leaves behind is a lease without a
// recorded machine.
//
// A lease that is past its time is free only when no open machine is recorded
// on it. So a host that somebody uses is never handed out, however long it is
// used, and a host whose operation died comes back after lease_seconds.
//
// # Commands
//
// lease_command and return_command are names of argument lists in the broker's
// own configuration; no shell is involved. They run with the environment of
// [Options] plus OHFP_ACTION (lease, return), OHFP_PROVIDER, OHFP_HOST,
// OHFP_ADDRESS, OHFP_MACHINE_ID, OHFP_OPERATION_ID and, where there is user
// data, OHFP_USER_DATA_FILE, a file that is removed after the command. Exit
// status 0 is success. A command may be run again for the same machine, after
// a crash or a lost answer, and must then do no harm.
//
// With a lease_command a host is first leased under the id "p-…", being
// prepared. It becomes a machine by a second conditional write when the command
// has succeeded, so that no look-up ever shows a half-prepared machine. When
// the command fails, return_command runs and the lease is dropped: the host is
// not used, nothing is left behind, and so the failure is SERVER but not
// ambiguous. When time runs out during a command, the host stays out of use for
// a few minutes and is prepared anew after that.
//
// # Addresses
//
// Checks refuse link-local and metadata addresses, judged on the resolved
// address when it is dialled; they follow no redirect and use no proxy.
//
// It imports providers, providers/config, broker and fault.
package static
