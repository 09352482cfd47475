package static

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/openhostfactory/ohfp/shared/providers"
	"github.com/openhostfactory/ohfp/shared/providers/config"
)

// answer is what a check of one host found.
type answer struct {
	up      bool
	refused bool // its address is never called
	skipped bool // there was no time to check it
	took    time.Duration
	addr    netip.Addr // that answered
	why     string     // why it is not up
	local   bool       // that is so for a reason of this environment
}

// refusal says that an address is never called.
type refusal string

func (r refusal) Error() string { return string(r) }

// judge returns a refusal when checks must not go to an address.
func (o Options) judge(a netip.Addr) error {
	if why := config.RefusedAddress(a); why != "" {
		return refusal(why)
	}
	holds := func(p netip.Prefix) bool { return p.Contains(a.WithZone("").Unmap()) }
	if len(o.Allow) > 0 && !slices.ContainsFunc(o.Allow, holds) {
		return refusal(fmt.Sprintf("%s is not among the addresses that the broker's configuration file allows", a))
	}
	return nil
}

// control is the dialler's last look at where a connection goes.
func (o Options) control(_, address string, _ syscall.RawConn) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return refusal(fmt.Sprintf("%q is no IP address", address))
	}
	return o.judge(ap.Addr())
}

// check looks whether a host is up, within the time that the pool allows.
func (d *Driver) check(ctx context.Context, h config.Host) answer {
	if ctx.Err() != nil {
		return answer{skipped: true, why: "there was no time to check it"}
	}
	name, port, err := d.config.Check.Target(h.Address)
	if err != nil {
		return answer{refused: true, why: err.Error()}
	}
	if d.config.Check.Kind == config.CheckNone {
		addr, _ := netip.ParseAddr(name) // the zero Addr for a name
		return answer{up: true, addr: addr}
	}
	limited, cancel := context.WithTimeout(ctx, d.config.Check.Timeout())
	defer cancel()
	began := d.Now()
	addr, err := d.probe(limited, name, port)
	a := answer{up: err == nil, took: d.Now().Sub(began), addr: addr}
	if err != nil {
		a.skipped = ctx.Err() != nil
		a.why, a.refused = d.explain(err)
		a.local = providers.LocalOrigin(err)
	}
	return a
}

func (d *Driver) probe(ctx context.Context, name string, port int) (netip.Addr, error) {
	if d.config.Check.Kind == config.CheckHTTP {
		return d.get(ctx, net.JoinHostPort(name, strconv.Itoa(port)))
	}
	conn, addr, err := d.connect(ctx, name, port)
	if err != nil {
		return addr, err
	}
	return addr, conn.Close()
}

// connect opens a connection to the first address of a host that takes one.
// Every address is judged before it is dialled.
func (d *Driver) connect(ctx context.Context, name string, port int) (net.Conn, netip.Addr, error) {
	addrs, err := d.resolve(ctx, name)
	if err != nil {
		return nil, netip.Addr{}, err
	}
	var failed error
	for _, a := range addrs {
		if err := d.judge(a); err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		conn, err := d.Dialer.DialContext(ctx, "tcp", netip.AddrPortFrom(a, uint16(port)).String()) //nolint:gosec // Target bounds the port
		if err == nil {
			return conn, a, nil
		}
		failed = errors.Join(failed, err)
	}
	return nil, netip.Addr{}, failed
}

func (d *Driver) resolve(ctx context.Context, name string) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(name); err == nil {
		return []netip.Addr{a.Unmap()}, nil
	}
	addrs, err := d.Resolver.LookupNetIP(ctx, "ip", name)
	if err != nil {
		return nil, err
	}
	for i := range addrs {
		addrs[i] = addrs[i].Unmap()
	}
	if len(addrs) == 0 {
		return nil, &net.DNSError{Err: "no address", Name: name, IsNotFound: true}
	}
	return addrs, nil
}

// get makes the http check: no proxy, no redirect, any 2xx is good.
func (d *Driver) get(ctx context.Context, hostPort string) (netip.Addr, error) {
	var dialled atomic.Pointer[netip.Addr] // the transport may still dial when the request has been given up
	transport := &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, address string) (net.Conn, error) {
			name, port, err := splitPort(address)
			if err != nil {
				return nil, err
			}
			conn, a, err := d.connect(ctx, name, port)
			dialled.Store(&a)
			return conn, err
		},
	}
	defer transport.CloseIdleConnections()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+hostPort+d.config.Check.Path, http.NoBody)
	if err != nil {
		return netip.Addr{}, err
	}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return netip.Addr{}, err
	}
	if resp.StatusCode/100 != 2 {
		err = statusError(resp.StatusCode)
	}
	return *dialled.Load(), errors.Join(err, resp.Body.Close())
}

func splitPort(address string) (string, int, error) {
	name, p, err := net.SplitHostPort(address)
	if err != nil {
		return "", 0, err
	}
	port, err := strconv.Atoi(p)
	return name, port, err
}

// statusError is an HTTP status other than 2xx.
type statusError int

func (s statusError) Error() string { return fmt.Sprintf("it answered %d", int(s)) }

// explain says for people why a check failed, and whether that was because
// the address is never called.
func (d *Driver) explain(err error) (why string, refused bool) {
	if r, ok := errors.AsType[refusal](err); ok {
		return "its address is never called: " + string(r), true
	}
	if s, ok := errors.AsType[statusError](err); ok {
		return s.Error(), false
	}
	if n, ok := errors.AsType[*net.DNSError](err); ok && !n.IsTimeout {
		return "its name does not resolve", false
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Sprintf("no answer within %d ms", d.config.Check.TimeoutMS), false
	}
	if no, ok := errors.AsType[syscall.Errno](err); ok {
		return no.Error(), false
	}
	return err.Error(), false
}
