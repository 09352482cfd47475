package aws

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/providers"
	"github.com/openhostfactory/ohfp/shared/providers/config"
)

var (
	_ providers.Opener  = (*Opener)(nil)
	_ providers.Watcher = (*Driver)(nil)

	_ providers.Discoverer = (*Driver)(nil)
	_ providers.Examiner   = (*Driver)(nil)
)

// Options is what the broker gives to all providers of the kind.
type Options struct {
	// Config returns how AWS is reached with a profile, "" for none: the
	// credentials, and the endpoints that the operator set. It is called at
	// the first use of a registration. Required.
	Config func(ctx context.Context, profile string) (awssdk.Config, error)

	Machines broker.MachineReader // required: how old a machine is that EC2 does not show
	Now      func() time.Time     // required
	NoFiles  bool                 // there are no profiles: a registration that has one alone is refused
	Allow    []netip.Prefix       // addresses that an endpoint_url may lead to; none: all but link-local and metadata addresses, which are refused always
}

// Opener makes drivers, and keeps them: a driver's connections, credentials and
// launch templates outlive a call. It is safe for concurrent use.
type Opener struct {
	o       Options
	mu      sync.Mutex
	drivers map[string]*Driver // by registration
}

// New returns an opener, or what is missing from the options.
func New(o Options) (*Opener, error) {
	if o.Config == nil || o.Machines == nil || o.Now == nil {
		return nil, errors.New("AWS needs a configuration, a reader of machines and a clock")
	}
	return &Opener{o: o, drivers: map[string]*Driver{}}, nil
}

// Kind is "aws".
func (*Opener) Kind() string { return "aws" }

// Traits is what package config says of the kind; EC2 takes spot machines back.
func (o *Opener) Traits() providers.Traits {
	return providers.Traits{ConsistencyLag: config.Lag(o.Kind()), TakesBack: true}
}

// Open returns the driver of a registration, the same while its configuration
// is the same. A malformed configuration, and a profile where there are no
// files, is an invalid_request [fault.Error]; credentials are looked at when
// they are used.
func (o *Opener) Open(r broker.Registration) (providers.Driver, error) {
	if r.Kind != o.Kind() {
		return nil, fault.Invalid("provider_type", "%q is not an account of AWS", r.Kind)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if d, ok := o.drivers[r.Name]; ok && string(d.raw) == string(r.Config) {
		return d, nil
	}
	c, err := config.ParseAWS(r.Config)
	if err != nil {
		return nil, fmt.Errorf("reading the configuration of %q: %w", r.Name, err)
	}
	if o.o.NoFiles && c.Profile != "" && c.RoleARN == "" {
		return nil, fault.Invalid("strategy_config.profile", "the profile %q is on no machine of this broker: give role_arn instead", c.Profile)
	}
	d := &Driver{o: o.o, name: r.Name, raw: r.Config, config: c, templates: names{}, devices: map[string]string{}}
	if old, ok := o.drivers[r.Name]; ok {
		old.CloseIdle()
	}
	o.drivers[r.Name] = d
	return d, nil
}

// Driver makes and ends machines of one account and region.
type Driver struct {
	o      Options
	name   string // of the registration
	raw    []byte
	config config.AWS

	mu        sync.Mutex
	opened    *client           // nil: not used yet
	templates names             // launch templates that exist
	devices   map[string]string // image → device of its root volume
	quotas    quotas
	account   string // that owns the machines; "": not seen yet
}

// names is a set of names.
type names map[string]bool

// CloseIdle closes connections that nobody uses. The driver can be used on.
func (d *Driver) CloseIdle() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.opened != nil {
		d.opened.door.client.CloseIdleConnections()
	}
}
