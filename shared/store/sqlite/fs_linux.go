package sqlite

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// networkFilesystems are those whose locks or shared memory SQLite cannot
// rely on (https://sqlite.org/wal.html, "all processes must be on the same
// host"). The numbers are those of statfs(2) and of the kernel's magic.h.
var networkFilesystems = map[int64]string{
	0x6969:     "NFS",
	0x517b:     "SMB",
	0xff534d42: "CIFS",
	0xfe534d42: "SMB2",
	0x564c:     "NCP",
	0x5346414f: "AFS",
	0x6b414653: "AFS",
	0x73757245: "Coda",
	0x01021997: "9P",
	0x00c36400: "Ceph",
	0x0bd00bd0: "Lustre",
	0x01161970: "GFS2",
	0x7461636f: "OCFS2",
	0x47504653: "GPFS",
	0x19830326: "BeeGFS",
}

// filesystem names the file system of dir, and says whether it is a network
// file system.
func filesystem(dir string) (string, bool, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return "", false, fmt.Errorf("asking for the file system of %s: %w", dir, err)
	}
	name, network := networkFilesystems[int64(s.Type)&0xffffffff] //nolint:unconvert // 32 bits wide on some architectures
	return name, network, nil
}
