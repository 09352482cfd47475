package sqlite

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// filesystem names the file system of dir, and says whether it is a network
// file system: one that is not marked local (statfs(2)).
func filesystem(dir string) (string, bool, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return "", false, fmt.Errorf("asking for the file system of %s: %w", dir, err)
	}
	return unix.ByteSliceToString(s.Fstypename[:]), s.Flags&unix.MNT_LOCAL == 0, nil
}
