//go:build unix

package runtimeapi

import (
	"io/fs"
	"os"
	"os/exec"
	"syscall"
)

// ownGroup makes c the leader of a process group, so that what it starts can
// be ended with it.
func ownGroup(c *exec.Cmd) { c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

func killGroup(p *os.Process) {
	_ = syscall.Kill(-p.Pid, syscall.SIGKILL) // it fails only for a group that is gone
}

func executable(info fs.FileInfo) bool { return info.Mode().Perm()&0o111 != 0 }
