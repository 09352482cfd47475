package settings

import (
	"net/netip"
	"time"

	"github.com/openhostfactory/ohfp/shared/providers/config"
)

// Static is what functions of static pools are told.
type Static struct {
	Table          string
	Retention      Retention
	HostFiles      map[string]string   // the name in hosts_file → the file
	Commands       map[string][]string // the name in lease_command and return_command → program and arguments
	CommandTimeout time.Duration       // of each command
	AddressAllow   []netip.Prefix      // where providers may be dialled; empty: anywhere that is not refused always
}

// staticJSON is OHFP_STATIC as it is written.
type staticJSON struct {
	HostFiles      map[string]string  `json:"host_files,omitempty"`
	Commands       map[string]command `json:"commands,omitempty"`
	CommandTimeout int                `json:"command_timeout_seconds" default:"30" min:"1" max:"600"`
	AddressAllow   []string           `json:"address_allow,omitempty"`
}

type command struct {
	Argv []string `json:"argv" required:"true" minlen:"1"`
}

// ForStatic reads the environment of a function of static pools.
func ForStatic(env Env) (Static, error) {
	table, err := env.table()
	if err != nil {
		return Static{}, err
	}
	given := staticJSON{}
	text := env(staticPools)
	if text == "" {
		text = "{}"
	}
	if err := decode(staticPools, text, &given); err != nil {
		return Static{}, err
	}
	s := Static{
		Table: table, HostFiles: given.HostFiles, Commands: map[string][]string{},
		CommandTimeout: time.Duration(given.CommandTimeout) * time.Second,
	}
	for name, c := range given.Commands {
		if c.Argv[0] == "" {
			return Static{}, misconfigured("correct %s in the function's configuration: commands.%s names no program", staticPools, name)
		}
		s.Commands[name] = c.Argv
	}
	if s.Retention, err = env.retention(); err != nil {
		return Static{}, err
	}
	s.AddressAllow, err = prefixes(staticPools, given.AddressAllow)
	return s, err
}

func prefixes(variable string, given []string) ([]netip.Prefix, error) {
	var list []netip.Prefix
	for _, text := range given {
		p, err := config.ParsePrefix(text)
		if err != nil {
			return nil, misconfigured("correct %s in the function's configuration: address_allow: %q is neither an address nor a prefix such as 10.0.0.0/8", variable, text)
		}
		list = append(list, p)
	}
	return list, nil
}
