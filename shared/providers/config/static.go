package config

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/wire"
)

// Static is the strategy_config of a pool of hosts that exist already.
type Static struct {
	Hosts         []Host    `json:"hosts,omitempty" maxlen:"400" doc:"The hosts of the pool."`
	HostsFile     string    `json:"hosts_file,omitempty" format:"name" doc:"Instead of hosts: the name that the broker's configuration file gives to a file with the list, read again when it changes."`
	Check         HostCheck `json:"check" doc:"How the broker sees whether a host is up."`
	LeaseSeconds  int       `json:"lease_seconds" default:"3600" min:"60" max:"2592000" doc:"How long a host stays taken when the broker never recorded the machine on it."`
	LeaseCommand  string    `json:"lease_command,omitempty" format:"name" doc:"The name that the broker's configuration file gives to a command, run for each host before it is handed out."`
	ReturnCommand string    `json:"return_command,omitempty" format:"name" doc:"The name that the broker's configuration file gives to a command, run for each host before it is free again."`
}

// Host is one host of a pool.
type Host struct {
	Name         string         `json:"name" required:"true" maxlen:"253" doc:"Unique in the pool."`
	Address      string         `json:"address" required:"true" maxlen:"261" doc:"Host name or IP address, with or without :port."`
	Attributes   map[string]any `json:"attributes,omitempty" maxlen:"50" doc:"What templates ask for: ncpus, ncores, nram and mem (MiB) at least, all others equal. ncores is ncpus, mem is nram and type is X86_64 where a host does not say."`
	PricePerHour *float64       `json:"price_per_hour,omitempty" min:"0" doc:"Cheaper hosts are taken first."`
	Zone         string         `json:"zone,omitempty" maxlen:"64" doc:"Where the host is; the registration's zone when left out."`
}

// Kinds of host checks.
const (
	CheckTCP  = "tcp"
	CheckHTTP = "http"
	CheckNone = "none"
)

// HostCheck is how to see whether a host is up.
type HostCheck struct {
	Kind      string `json:"kind" default:"tcp" enum:"tcp,http,none" doc:"tcp: a connection opens. http: a GET is answered with 2xx; redirects are not followed. none: every host counts as up."`
	Port      int    `json:"port,omitempty" min:"1" max:"65535" doc:"Port to check, in the place of the one in the host's address."`
	Path      string `json:"path,omitempty" maxlen:"1024" doc:"Path of the http check; / when left out."`
	TimeoutMS int    `json:"timeout_ms" default:"1000" min:"10" max:"10000" doc:"How long one host may take to answer."`
}

// Timeout is how long one host may take to answer.
func (c HostCheck) Timeout() time.Duration { return time.Duration(c.TimeoutMS) * time.Millisecond }

// Target returns where to check a host: a name or IP address, and a port that
// is 0 only when nothing is checked.
func (c HostCheck) Target(address string) (host string, port int, err error) {
	host, port, err = splitAddress(address)
	if err != nil {
		return "", 0, err
	}
	if c.Port != 0 {
		port = c.Port
	}
	if port == 0 && c.Kind != CheckNone {
		return "", 0, fmt.Errorf("no port to check: write host:port, or set check.port, or check.kind none")
	}
	return host, port, nil
}

// Lease is how long a host stays taken without a recorded machine.
func (s Static) Lease() time.Duration { return time.Duration(s.LeaseSeconds) * time.Second }

func staticKind() Kind {
	return Kind{
		Name:    "static",
		Summary: "Hosts that exist already, handed out one by one and taken back.",
		Config:  reflect.TypeFor[Static](),
		// The lease book is read as it was written: a machine is found as soon
		// as it exists.
		ConsistencyLag: 0,
		config: func(raw json.RawMessage, at string) (any, []string, error) {
			s, warnings, err := readStatic(raw, at)
			return s, warnings, err
		},
		layer:   staticLayer,
		missing: func(broker.ResolvedTemplate) string { return "" }, // a host is matched by attributes; a template without any takes every host
	}
}

// ParseStatic reads the strategy_config of a static pool. invalid_request.
func ParseStatic(raw json.RawMessage) (Static, error) {
	s, _, err := readStatic(raw, at)
	return s, err
}

func readStatic(raw json.RawMessage, at string) (Static, []string, error) {
	var s Static
	if err := wire.Decode(raw, &s, wire.Limits{At: at}); err != nil {
		return Static{}, nil, err
	}
	if s.Check.Kind == CheckHTTP && s.Check.Path == "" {
		s.Check.Path = "/"
	}
	bad := append(s.Check.problems(at+".check"), s.sources(at)...)
	found, warnings := checkHosts(s.Hosts, s.Check, at+".hosts")
	if err := invalid(append(bad, found...)); err != nil {
		return Static{}, nil, err
	}
	if s.LeaseCommand != "" && s.ReturnCommand == "" {
		warnings = append(warnings, "lease_command is set and return_command is not: nothing undoes what the lease command did")
	}
	return s, warnings, nil
}

func (s Static) sources(at string) []fault.Field {
	switch {
	case s.HostsFile != "" && s.Hosts != nil:
		return []fault.Field{field(at+".hosts_file", "give hosts or hosts_file, not both")}
	case s.HostsFile == "" && len(s.Hosts) == 0:
		return []fault.Field{field(at+".hosts", "required: at least one host, or hosts_file")}
	}
	return nil
}

func (c HostCheck) problems(at string) []fault.Field {
	switch {
	case c.Path != "" && c.Kind != CheckHTTP:
		return []fault.Field{field(at+".path", "only an http check has a path")}
	case c.Path != "" && !httpPath.MatchString(c.Path):
		return []fault.Field{field(at+".path", "want a path that begins with / and has no spaces")}
	case c.Port != 0 && c.Kind == CheckNone:
		return []fault.Field{field(at+".port", "kind none checks no port")}
	}
	return nil
}

var httpPath = lazily(`^/[!-"$-~]*$`)

var hostName = lazily(`^[A-Za-z0-9]([A-Za-z0-9._-]{0,252})$`)

// checkHosts finds what is wrong with a list of hosts that stands at a path.
func checkHosts(hosts []Host, c HostCheck, at string) ([]fault.Field, []string) {
	var bad []fault.Field
	var warnings []string
	names, addresses := map[string]int{}, map[string]int{}
	for i, h := range hosts {
		path := fmt.Sprintf("%s[%d]", at, i)
		bad = append(bad, checkHost(h, c, path)...)
		if j, ok := names[h.Name]; ok {
			bad = append(bad, field(path+".name", "%q is the name of %s[%d] too", h.Name, at, j))
		} else {
			names[h.Name] = i
		}
		if j, ok := addresses[strings.ToLower(h.Address)]; ok {
			warnings = append(warnings, fmt.Sprintf("%s and %s[%d] have the same address: one host counts as two", path, at, j))
		} else {
			addresses[strings.ToLower(h.Address)] = i
		}
	}
	return bad, warnings
}

func checkHost(h Host, c HostCheck, path string) []fault.Field {
	bad := checkAttributes(path+".attributes", h.Attributes)
	if !hostName.MatchString(h.Name) {
		bad = append(bad, field(path+".name", "%q is not a host's name: want letters, digits, ., - and _, beginning with a letter or digit", h.Name))
	}
	if _, _, err := c.Target(h.Address); err != nil {
		bad = append(bad, field(path+".address", "%s", err))
	}
	return bad
}
