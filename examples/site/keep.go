package site

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"syscall"
)

// Keep takes a port of an IPv4 address, 0 for any, without listening there:
// connections are refused. Until release is called the system gives the port
// to nobody who asks for any, and whoever is told it may listen there, end, and
// listen again. A system on which nobody may listen beside (BSD, macOS) keeps
// nothing: the port was free a moment ago.
func Keep(address string, port int) (kept int, release func() error, err error) {
	at, err := netip.ParseAddr(address)
	if err != nil || !at.Is4() {
		return 0, nil, fmt.Errorf("keeping a port of %q: it is no IPv4 address", address)
	}
	kept, release, err = bind(at.As4(), port)
	if err != nil {
		return 0, nil, fmt.Errorf("keeping a port of %s: %w", address, err)
	}
	beside, err := net.Listen("tcp", net.JoinHostPort(address, strconv.Itoa(kept))) //nolint:noctx // binding waits for nobody
	if errors.Is(err, syscall.EADDRINUSE) {
		return kept, func() error { return nil }, release()
	}
	if err != nil {
		return 0, nil, errors.Join(fmt.Errorf("keeping a port of %s: %w", address, err), release())
	}
	return kept, release, beside.Close()
}

// bind binds a socket that lets others bind beside it as long as nobody
// listens.
func bind(address [4]byte, port int) (bound int, release func() error, err error) {
	syscall.ForkLock.RLock() // no child is to have it
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err == nil {
		syscall.CloseOnExec(fd)
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return 0, nil, fmt.Errorf("making a socket: %w", err)
	}
	release = func() error { return syscall.Close(fd) }
	if err = syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1); err == nil {
		err = syscall.Bind(fd, &syscall.SockaddrInet4{Addr: address, Port: port})
	}
	if err != nil {
		return 0, nil, errors.Join(fmt.Errorf("binding a socket: %w", err), release())
	}
	name, err := syscall.Getsockname(fd)
	at, ok := name.(*syscall.SockaddrInet4)
	if err != nil || !ok {
		return 0, nil, errors.Join(fmt.Errorf("asking a socket for its port: %w", err), release())
	}
	return at.Port, release, nil
}
