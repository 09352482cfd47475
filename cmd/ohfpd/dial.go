package main

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"syscall"

	"github.com/openhostfactory/ohfp/shared/providers/config"
)

// dialer dials addresses that registrations name: never those that are
// refused always, and with an allow-list only what is on it. It looks at the
// resolved address, right before the connection.
func dialer(allow []netip.Prefix) *net.Dialer {
	return &net.Dialer{Control: func(_, address string, _ syscall.RawConn) error {
		at, err := netip.ParseAddrPort(address)
		if err != nil {
			return fmt.Errorf("%q is no IP address", address)
		}
		return judge(at.Addr().Unmap(), allow)
	}}
}

func judge(a netip.Addr, allow []netip.Prefix) error {
	if why := config.RefusedAddress(a); why != "" {
		return fmt.Errorf("its address is never called: %s", why)
	}
	holds := func(p netip.Prefix) bool { return p.Contains(a) }
	if len(allow) == 0 || slices.ContainsFunc(allow, holds) {
		return nil
	}
	return fmt.Errorf("its address %s is not in address_allow of ohfpd's configuration file", a)
}
