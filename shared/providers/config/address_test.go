package config

import (
	"net/netip"
	"testing"
)

func TestSplitAddress(t *testing.T) {
	cases := []struct {
		given, host string
		port        int
	}{
		{"node-1", "node-1", 0},
		{"node-1:22", "node-1", 22},
		{"a.b.example.org:65535", "a.b.example.org", 65535},
		{"10.0.0.1", "10.0.0.1", 0},
		{"10.0.0.1:22", "10.0.0.1", 22},
		{"2001:db8::1", "2001:db8::1", 0},
		{"[2001:db8::1]", "2001:db8::1", 0},
		{"[2001:db8::1]:22", "2001:db8::1", 22},
	}
	for _, c := range cases {
		host, port, err := splitAddress(c.given)
		if err != nil || host != c.host || port != c.port {
			t.Errorf("%s: got %q, %d, %v; want %q, %d", c.given, host, port, err, c.host, c.port)
		}
	}
	for _, bad := range []string{"", ":22", "a:b", "a:0", "a:65536", "a:-1", "a b", "a/b", "http://a", "[a", "a]:1:2", "-a", "a-", "[fe80::1%eth0]:22", "0.0.0.0:22", "a:22:23"} {
		if host, port, err := splitAddress(bad); err == nil {
			t.Errorf("%q was read as %q, %d", bad, host, port)
		}
	}
}

func TestRefusedAddress(t *testing.T) {
	for _, a := range []string{
		"169.254.0.0", "169.254.255.255", "169.254.169.254", "fe80::1", "fe80::1%eth0", "febf::1", "fd00:ec2::254", "fd20:ce::254",
		"100.100.100.200", "168.63.129.16", "192.0.0.192", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::",
		"64:ff9b::6464:64c8", "0.0.0.0", "::", "224.0.0.251", "ff02::1", "255.255.255.255",
	} {
		if RefusedAddress(netip.MustParseAddr(a)) == "" {
			t.Errorf("%s may be called", a)
		}
	}
	for _, a := range []string{
		"10.0.0.1", "127.0.0.1", "::1", "192.168.1.1", "172.16.0.1", "8.8.8.8", "169.253.255.255", "169.255.0.0", "2001:db8::1", "fd00::1",
		"fec0::1", "64:ff9b::a00:1", "2002:a00:1::1", "64:ff9b:1::a9fe:a9fe", "::ffff:10.0.0.1",
	} {
		if why := RefusedAddress(netip.MustParseAddr(a)); why != "" {
			t.Errorf("%s is refused: %s", a, why)
		}
	}
	if RefusedAddress(netip.Addr{}) == "" {
		t.Error("the zero address may be called")
	}
}
