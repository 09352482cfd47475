// Package quota keeps limits on machines: max_machines of a provider and
// max_number of a template. It decides how much of a limit an operation may
// have, and keeps that for it until what it made is recorded.
//
// A limit is compared with two things that are stored anyway or shortly: the
// machines that are recorded, which the ledger keeps, and what operations that
// go on have reserved ([broker.Use]). A reservation is one conditional write,
// never a part of the ledger's transactions. So there is no figure that could
// drift: machines that end are simply not recorded as running any more, and a
// reservation that nobody took back is seen to be over by the ledger of its
// operation, whenever the limit is reached or the reservation is old.
//
// The package imports broker and fault only. Its I/O is the ports that a [Book]
// is given.
package quota
