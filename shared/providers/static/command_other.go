//go:build !unix

package static

import "os/exec"

// endGroup: without process groups, the end of a command's time ends the
// command alone.
func endGroup(*exec.Cmd) {}
