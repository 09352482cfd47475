//go:build unix

package loopback

import (
	"errors"
	"fmt"
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// hold binds a socket that never listens. It shares its port with sockets of
// the same user that share it too, and with no other.
func hold() (address string, release func() error, err error) {
	syscall.ForkLock.RLock()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err == nil {
		unix.CloseOnExec(fd)
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return "", nil, fmt.Errorf("making a socket: %w", err)
	}
	release = func() error { return unix.Close(fd) }
	port, err := bind(fd)
	if err != nil {
		return "", nil, errors.Join(fmt.Errorf("binding a socket: %w", err), release())
	}
	return fmt.Sprintf("127.0.0.1:%d", port), release, nil
}

func bind(fd int) (port int, err error) {
	if err := share(fd); err != nil {
		return 0, err
	}
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		return 0, err
	}
	at, err := unix.Getsockname(fd)
	if err != nil {
		return 0, err
	}
	inet, ok := at.(*unix.SockaddrInet4)
	if !ok {
		return 0, &net.AddrError{Err: "no address of IPv4"}
	}
	return inet.Port, nil
}

func share(fd int) error { return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1) }

// shared lets a listener have a port that is held.
func shared(_, _ string, c syscall.RawConn) error {
	var err error
	return errors.Join(c.Control(func(fd uintptr) { err = share(int(fd)) }), err)
}
