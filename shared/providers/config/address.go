package config

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// metadata returns the addresses under which clouds serve instances their
// credentials, beyond the link-local ones.
func metadata() map[netip.Addr]string {
	return map[netip.Addr]string{
		netip.MustParseAddr("fd00:ec2::254"):   "AWS",
		netip.MustParseAddr("fd20:ce::254"):    "Google Cloud",
		netip.MustParseAddr("100.100.100.200"): "Alibaba Cloud",
		netip.MustParseAddr("168.63.129.16"):   "Azure",
		netip.MustParseAddr("192.0.0.192"):     "Oracle Cloud",
	}
}

// RefusedAddress says why a check must never be sent to an address, "" when it
// may: a registration must not be able to make the broker read the metadata
// service of its own machine. IPv6 forms that carry an IPv4 address (mapped,
// NAT64, 6to4) are judged by that address.
func RefusedAddress(a netip.Addr) string {
	a = a.WithZone("").Unmap()
	if inner, ok := embedded(a); ok {
		return RefusedAddress(inner)
	}
	if cloud, ok := metadata()[a]; ok {
		return fmt.Sprintf("%s is the metadata address of %s", a, cloud)
	}
	switch {
	case !a.IsValid():
		return "not an address"
	case a.IsLinkLocalUnicast():
		return fmt.Sprintf("%s is link-local, where clouds serve instance credentials", a)
	case a.IsMulticast(), a == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		return fmt.Sprintf("%s is no single host", a)
	case a.IsUnspecified():
		return fmt.Sprintf("%s names no host", a)
	}
	return ""
}

// embedded returns the IPv4 address inside a NAT64 (RFC 6052, 64:ff9b::/96) or
// 6to4 (RFC 3056, 2002::/16) address.
func embedded(a netip.Addr) (netip.Addr, bool) {
	if !a.Is6() {
		return netip.Addr{}, false
	}
	b := a.As16()
	switch {
	case binary.BigEndian.Uint64(b[:8]) == 0x0064ff9b_00000000 && binary.BigEndian.Uint32(b[8:12]) == 0:
		return netip.AddrFrom4([4]byte(b[12:])), true
	case b[0] == 0x20 && b[1] == 0x02:
		return netip.AddrFrom4([4]byte(b[2:6])), true
	}
	return netip.Addr{}, false
}

var dnsName = lazily(`^[A-Za-z0-9_]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9])?$`)

// splitAddress parses host, host:port, an IPv6 address with or without
// brackets, or [IPv6]:port. The
// port is 0 when there is none.
func splitAddress(s string) (host string, port int, err error) {
	host = s
	if inner, ok := strings.CutSuffix(s, "]"); ok {
		host = strings.TrimPrefix(inner, "[")
	} else if _, perr := netip.ParseAddr(s); perr != nil && !strings.Contains(s, "/") {
		if h, p, serr := net.SplitHostPort(s); serr == nil {
			n, err := strconv.ParseUint(p, 10, 16)
			if err != nil || n == 0 {
				return "", 0, fmt.Errorf("%q is not a port: want 1 to 65535", p)
			}
			host, port = h, int(n)
		}
	}
	if a, err := netip.ParseAddr(host); err == nil {
		if why := RefusedAddress(a); why != "" {
			return "", 0, fmt.Errorf("this address is never called: %s", why)
		}
		return host, port, nil
	}
	if !dnsName.MatchString(host) {
		return "", 0, fmt.Errorf("want a host name or IP address, with or without :port")
	}
	return host, port, nil
}

// ParsePrefix reads an address or a prefix, as lists of allowed addresses hold
// them; an address is the prefix of itself alone.
func ParsePrefix(s string) (netip.Prefix, error) {
	if !strings.ContainsRune(s, '/') {
		a, err := netip.ParseAddr(s)
		if err != nil {
			return netip.Prefix{}, err
		}
		return a.Unmap().Prefix(a.Unmap().BitLen())
	}
	p, err := netip.ParsePrefix(s)
	return p.Masked(), err
}
