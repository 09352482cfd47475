package static

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/providers"
	"github.com/openhostfactory/ohfp/shared/providers/config"
)

var (
	_ providers.Opener = (*Opener)(nil)
	_ providers.Driver = (*Driver)(nil)
)

// Resolver turns names into addresses; [net.Resolver] does.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// Dialer opens a connection to an IP address and port.
type Dialer interface {
	DialContext(ctx context.Context, network, address string) (net.Conn, error)
}

// Options is what the broker gives to all pools.
type Options struct {
	Leases         broker.LeaseBook     // required
	Machines       broker.MachineReader // required: which leases an open machine holds
	Now            func() time.Time     // required
	Files          map[string]string    // hosts_file name → path; JSON or YAML
	Commands       map[string][]string  // command name → program and arguments
	CommandTimeout time.Duration        // of one command; 0: 30 s
	Environment    []string             // of commands, KEY=value; nil: PATH=/usr/local/bin:/usr/bin:/bin
	TempDir        string               // of user data files; "": the system's
	Allow          []netip.Prefix       // addresses that checks may go to; none: all but link-local and metadata addresses, which are refused always
	Resolver       Resolver             // nil: the system's
	Dialer         Dialer               // nil: the system's; addresses are judged once more when it connects
}

// Opener makes drivers of static pools. It is safe for concurrent use and must
// be shared by all who open a pool: it keeps calls with one token apart.
type Opener struct {
	o      Options
	tokens tokens
	mu     sync.Mutex
	files  map[string]hostsFile // by path and check: what was last read

	configs map[string]parsedConfig // by pool: what was last read
}

// New returns an opener, or what is missing from the options.
func New(o Options) (*Opener, error) {
	if o.Leases == nil || o.Machines == nil || o.Now == nil {
		return nil, errors.New("static pools need a lease book, a reader of machines and a clock")
	}
	for name, argv := range o.Commands {
		if len(argv) == 0 || argv[0] == "" {
			return nil, fmt.Errorf("the command %q names no program", name)
		}
	}
	return &Opener{o: o.withDefaults(), files: map[string]hostsFile{}, configs: map[string]parsedConfig{}}, nil
}

func (o Options) withDefaults() Options {
	if o.CommandTimeout == 0 {
		o.CommandTimeout = 30 * time.Second
	}
	if o.Environment == nil {
		o.Environment = []string{"PATH=/usr/local/bin:/usr/bin:/bin"}
	}
	if o.Resolver == nil {
		o.Resolver = net.DefaultResolver
	}
	if o.Dialer == nil {
		o.Dialer = &net.Dialer{Control: o.control}
	}
	return o
}

// Kind is "static".
func (*Opener) Kind() string { return "static" }

// Traits is what package config says of the kind.
func (o *Opener) Traits() providers.Traits {
	return providers.Traits{ConsistencyLag: config.Lag(o.Kind())}
}

// Open makes the driver of a pool. A malformed configuration is an
// invalid_request [fault.Error]; files and commands are looked up when used.
func (o *Opener) Open(r broker.Registration) (providers.Driver, error) {
	if r.Kind != o.Kind() {
		return nil, fault.Invalid("provider_type", "%q is not a static pool", r.Kind)
	}
	c, err := o.parsed(r)
	if err != nil {
		return nil, err
	}
	return &Driver{Options: o.o, opener: o, pool: r.Name, zone: r.Zone, price: r.PricePerHour, config: c}, nil
}

// parsed returns the configuration of a pool, as it was read the last time
// while it says the same: reading hundreds of hosts costs more than a create.
func (o *Opener) parsed(r broker.Registration) (config.Static, error) {
	o.mu.Lock()
	known, ok := o.configs[r.Name]
	o.mu.Unlock()
	if ok && bytes.Equal(known.raw, r.Config) {
		return known.config, nil
	}
	c, err := config.ParseStatic(r.Config)
	if err != nil {
		return c, err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.configs[r.Name] = parsedConfig{raw: bytes.Clone(r.Config), config: c}
	return c, nil
}

// parsedConfig is a configuration that was read, shared and never changed.
type parsedConfig struct {
	raw    []byte
	config config.Static
}

// Driver hands out the hosts of one pool. It keeps nothing: two drivers of one
// pool are as good as one.
type Driver struct {
	Options
	opener *Opener
	pool   string
	zone   string   // of hosts that name none
	price  *float64 // of hosts that name none
	config config.Static
}
