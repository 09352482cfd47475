//go:build unix

package datadir

import (
	"os"

	"golang.org/x/sys/unix"
)

// lockFile takes the exclusive lock of f without waiting. The system drops it
// with the process, however that ends.
func lockFile(f *os.File) error { return unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) }
