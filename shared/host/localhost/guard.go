package localhost

import (
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/op"
)

// guard refuses what a web page can make a browser send: a Host header that
// is not ours (DNS rebinding) and anything with an Origin. forbidden.
func (s *Server) guard(r *http.Request) error {
	if _, browser := r.Header["Origin"]; browser {
		return fault.New(fault.Forbidden, "Requests with an Origin header are refused: the broker is not for web pages. Call it from a program.")
	}
	if !s.hostAllowed(r) {
		return fault.New(fault.Forbidden, "The Host header %q is not a name of this broker. Call it by the address that it listens on, or add the name under hosts in ohfpd's configuration file.", op.Shortened(r.Host))
	}
	return nil
}

func (s *Server) hostAllowed(r *http.Request) bool {
	local := r.Context().Value(http.LocalAddrContextKey)
	if _, unix := local.(*net.UnixAddr); unix {
		return true // no browser reaches a socket file, and clients invent the name
	}
	name := hostName(r.Host)
	if s.hosts[name] {
		return true
	}
	ip, err := netip.ParseAddr(name)
	if err != nil {
		return false
	}
	return ip.IsLoopback() || ip.Unmap() == localIP(local)
}

// localIP is the address that the connection came in on: with a wildcard
// listener, the one of its addresses that the caller used.
func localIP(local any) netip.Addr {
	tcp, ok := local.(*net.TCPAddr)
	if !ok {
		return netip.Addr{}
	}
	ip, ok := netip.AddrFromSlice(tcp.IP)
	if !ok {
		return netip.Addr{} // equals no address that was parsed
	}
	return ip.Unmap()
}

func allowedHosts(names []string) map[string]bool {
	hosts := map[string]bool{"localhost": true}
	for _, n := range names {
		hosts[hostName(n)] = true
	}
	return hosts
}

// hostName returns a Host header without port, brackets and final dot,
// in lower case.
func hostName(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	return strings.ToLower(strings.TrimSuffix(host, "."))
}
