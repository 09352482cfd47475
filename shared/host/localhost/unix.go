package localhost

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
)

// longestSocket is the longest path that callers can name, on every system:
// 104 bytes on macOS and the BSDs, 108 on Linux, a final zero included.
const longestSocket = 103

// listenUnix opens a socket at path with mode 0600. It is made in a directory
// that nobody else may enter and moved from there, so it is never open to
// others, not for a moment.
func listenUnix(ctx context.Context, path string) (net.Listener, error) {
	if path == "" {
		return nil, unusable(nil, "the listen address \"unix:\" has no path: give unix:/path")
	}
	if len(path) > longestSocket {
		return nil, unusable(nil, "the socket path %s is longer than %d bytes: choose a shorter path", path, longestSocket)
	}
	if err := clearSocket(ctx, path); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(filepath.Dir(path), ".s")
	if err != nil {
		return nil, unusable(err, "the socket %s cannot be made: choose a directory that exists and that this user may write to", path)
	}
	l, err := openSocket(ctx, filepath.Join(dir, "s"), path)
	if err != nil {
		return nil, errors.Join(unusable(err, "the socket %s cannot be made: choose a shorter path, on a file system with sockets", path), os.RemoveAll(dir))
	}
	return l, os.Remove(dir)
}

func openSocket(ctx context.Context, hidden, path string) (net.Listener, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "unix", hidden)
	if err != nil {
		return nil, fmt.Errorf("opening the socket: %w", err)
	}
	if u, ok := l.(*net.UnixListener); ok {
		u.SetUnlinkOnClose(false) // it would remove the name that is gone
	}
	err = os.Chmod(hidden, 0o600)
	if err == nil {
		err = os.Rename(hidden, path)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("placing the socket: %w", err), l.Close())
	}
	return &socket{Listener: l, path: path}, nil
}

// clearSocket removes a socket that nobody serves: a daemon that was killed
// left it. What is served, or is no socket, stays and is an error.
func clearSocket(ctx context.Context, path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return unusable(err, "the socket %s cannot be made: choose a path that this user may use", path)
	}
	if info.Mode().Type() != fs.ModeSocket {
		return unusable(nil, "%s exists and is not a socket: choose another path", path)
	}
	var d net.Dialer
	if c, err := d.DialContext(ctx, "unix", path); err == nil {
		return errors.Join(fmt.Errorf("the socket %s is in use by another program: stop it, or choose another path with --listen", path), c.Close())
	}
	if err := os.Remove(path); err != nil {
		return fmt.Errorf("removing the old socket: %w", err)
	}
	return nil
}

// socket removes its file when it is closed.
type socket struct {
	net.Listener
	path string
}

// Addr is where the socket is now.
func (s *socket) Addr() net.Addr { return &net.UnixAddr{Name: s.path, Net: "unix"} }

func (s *socket) Close() error {
	err := s.Listener.Close()
	if gone := os.Remove(s.path); gone != nil && !errors.Is(gone, fs.ErrNotExist) {
		err = errors.Join(err, fmt.Errorf("removing the socket: %w", gone))
	}
	return err
}

// cleaned makes ///path, from a URL, /path; and leaves "" as it is.
func cleaned(path string) string {
	if path == "" {
		return ""
	}
	return filepath.Clean(path)
}
