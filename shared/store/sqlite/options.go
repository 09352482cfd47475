package sqlite

import "time"

// Options configures a store. The zero value is good.
type Options struct {
	Now         func() time.Time // clock of verbs that are given no time; nil: time.Now
	BusyTimeout time.Duration    // how long to wait for another process's lock; 0: 5 s
	Readers     int              // reading connections; 0: 4

	OperationsKept time.Duration // after their end; 0: 35 days
	MachinesKept   time.Duration // after their end; 0: 40 days
	AuditKept      time.Duration // after the change; 0: 400 days

	// Filesystem names the file system of a directory and says whether it is
	// a network file system; nil asks the operating system.
	Filesystem func(dir string) (name string, network bool, err error)

	// Synced is called whenever all that was written so far is known to have
	// reached the disk, by the goroutine that writes. It is for tests of power
	// cuts; nil: nobody asks.
	Synced func()
}

const (
	defaultBusyTimeout = 5 * time.Second
	defaultReaders     = 4
)

func (o Options) withDefaults() Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.BusyTimeout <= 0 {
		o.BusyTimeout = defaultBusyTimeout
	}
	if o.Readers <= 0 {
		o.Readers = defaultReaders
	}
	if o.Filesystem == nil {
		o.Filesystem = filesystem
	}
	if o.Synced == nil {
		o.Synced = func() {}
	}
	return o
}
