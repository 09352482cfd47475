package main

import (
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"
)

func TestDialerJudgesTheAddressItCalls(t *testing.T) {
	site := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("169.254.0.0/16")}
	elsewhere := []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
	tests := []struct {
		name, host string
		allow      []netip.Prefix
		refused    string // "" for a connection
	}{
		{"anything without a list", "127.0.0.1", nil, ""},
		{"what is on the list", "127.0.0.1", site, ""},
		{"an IPv4 address in IPv6 clothes", "::ffff:127.0.0.1", site, ""},
		{"what is not on the list", "127.0.0.1", elsewhere, "127.0.0.1 is not in address_allow"},
		{"a metadata address", "169.254.169.254", nil, "never called"},
		{"a metadata address, list or not", "169.254.169.254", site, "never called"},
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			conn, err := dialer(tc.allow).DialContext(t.Context(), "tcp", net.JoinHostPort(tc.host, port))
			if err == nil {
				err = errors.Join(errors.New("connected"), conn.Close())
			}
			if want := orConnected(tc.refused); !strings.Contains(err.Error(), want) {
				t.Errorf("dialling: %v, want %q", err, want)
			}
		})
	}
}

func orConnected(refused string) string {
	if refused == "" {
		return "connected"
	}
	return refused
}
