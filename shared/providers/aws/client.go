package aws

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"slices"
	"sync/atomic"
	"syscall"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/servicequotas"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/openhostfactory/ohfp/shared/providers/config"
)

// client is EC2 as one registration reaches it.
type client struct {
	*ec2.Client

	door   *door
	sts    *sts.Client
	quotas *servicequotas.Client
}

// api returns the client, made at its first use. AUTH, not sent, when AWS is
// not configured.
func (d *Driver) api(ctx context.Context) (*client, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.opened != nil {
		return d.opened, nil
	}
	cfg, err := d.o.Config(ctx, d.config.Profile)
	if err != nil {
		return nil, unusable(err)
	}
	d.opened = d.open(cfg)
	return d.opened, nil
}

func (d *Driver) open(cfg awssdk.Config) *client {
	cfg.Region = d.config.Region
	base, ok := cfg.HTTPClient.(*awshttp.BuildableClient) // the operator's certificates and proxy
	if !ok {
		base = awshttp.NewBuildableClient()
	}
	cfg.HTTPClient = newDoor(base.GetTransport(), nil) // of STS and Service Quotas
	cfg.Credentials = awssdk.NewCredentialsCache(d.credentials(cfg))
	gate := newDoor(base.GetTransport(), d.endpointGuard())
	gate.notes = true
	who := sts.NewFromConfig(cfg, func(o *sts.Options) { o.Retryer = awssdk.NopRetryer{} })
	return &client{door: gate, sts: who, quotas: quotaClient(cfg), Client: ec2.NewFromConfig(cfg, func(o *ec2.Options) {
		o.HTTPClient = gate
		o.Retryer = awssdk.NopRetryer{} // the broker retries, see the package's comment
		if d.config.EndpointURL != "" {
			o.BaseEndpoint = &d.config.EndpointURL
		}
	})}
}

// endpointGuard judges the addresses of an endpoint that a registration names;
// nil for AWS's own.
func (d *Driver) endpointGuard() func(netip.Addr) error {
	if d.config.EndpointURL == "" {
		return nil
	}
	return d.o.judge
}

// refusal says that an address is never called.
type refusal string

func (r refusal) Error() string { return string(r) }

// judge returns a refusal when endpoints must not lead to an address.
func (o Options) judge(a netip.Addr) error {
	if why := config.RefusedAddress(a); why != "" {
		return refusal("endpoint_url leads to an address that is never called: " + why)
	}
	holds := func(p netip.Prefix) bool { return p.Contains(a.WithZone("").Unmap()) }
	if len(o.Allow) > 0 && !slices.ContainsFunc(o.Allow, holds) {
		return refusal(fmt.Sprintf("endpoint_url leads to %s, which is not among the addresses that the broker's configuration file allows", a))
	}
	return nil
}

// door is where requests leave; it follows no redirect. One that notes says on
// the context of [watch] that a request may have left: that of EC2, not that of
// STS, which is asked for credentials in between.
type door struct {
	client *http.Client
	notes  bool
}

// newDoor takes a transport over. With a guard, addresses are judged when they
// are dialled, and no proxy stands between.
func newDoor(t *http.Transport, guard func(netip.Addr) error) *door {
	t.MaxIdleConnsPerHost = 16
	if guard != nil {
		dialer := &net.Dialer{Timeout: dialTimeout, Control: control(guard)}
		t.Proxy, t.DialContext = nil, dialer.DialContext
	}
	return &door{client: &http.Client{
		Transport:     t,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

const dialTimeout = 5 * time.Second

// control is the dialler's last look at where a connection goes.
func control(guard func(netip.Addr) error) func(string, string, syscall.RawConn) error {
	return func(_, address string, _ syscall.RawConn) error {
		ap, err := netip.ParseAddrPort(address)
		if err != nil {
			return refusal(fmt.Sprintf("%q is no IP address", address))
		}
		return guard(ap.Addr())
	}
}

// Do implements the SDK's HTTP client.
func (d *door) Do(r *http.Request) (*http.Response, error) {
	r, err := owned(r)
	if err != nil {
		return nil, err
	}
	if sent, ok := r.Context().Value(sentKey{}).(*atomic.Bool); ok && d.notes {
		trace := &httptrace.ClientTrace{WroteHeaders: func() { sent.Store(true) }}
		r = r.WithContext(httptrace.WithClientTrace(r.Context(), trace))
	}
	return d.client.Do(r) //nolint:gosec,wrapcheck // the SDK makes the request, and wraps the error
}

// owned returns a request with a body of its own. The SDK closes the one that
// it gave as soon as an answer begins; a transport that has not yet seen the
// body's end takes that for a failure, and closes the connection under the
// answer.
func owned(r *http.Request) (*http.Request, error) {
	if r.Body == nil || r.Body == http.NoBody {
		return r, nil
	}
	body, err := io.ReadAll(r.Body) // a form, which is in memory anyway
	if err != nil {
		return nil, fmt.Errorf("reading the request: %w", err)
	}
	r = r.WithContext(r.Context())
	r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	r.Body, err = r.GetBody()
	return r, err
}

type sentKey struct{}

// watch returns a context on which the door notes whether a request may have
// left.
func watch(ctx context.Context) (context.Context, *atomic.Bool) {
	sent := new(atomic.Bool)
	return context.WithValue(ctx, sentKey{}, sent), sent
}

// method is one call of the API.
type method[In, Out any] func(context.Context, *In, ...func(*ec2.Options)) (*Out, error)

// call makes one call. Errors are classified.
func call[In, Out any](ctx context.Context, f method[In, Out], in *In) (*Out, error) {
	ctx, sent := watch(ctx)
	out, err := f(ctx, in)
	if err != nil {
		return nil, classify(ctx, err, sent.Load())
	}
	return out, nil
}
