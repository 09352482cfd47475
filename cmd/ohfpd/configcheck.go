package main

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"github.com/openhostfactory/ohfp/shared/host/localhost"
	"github.com/openhostfactory/ohfp/shared/op"
	"github.com/openhostfactory/ohfp/shared/providers/config"
)

var namePattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$`)

// checker turns a file as written into a [Config] and collects what is wrong
// with it, so that all of it is told at once.
type checker struct {
	tree  *ast.File
	dir   string // relative paths are below it
	wrong []string
}

// place is where a value is: keys and list indexes from the top.
type place []any

func (c *checker) check(f fileConfig) (Config, error) {
	cfg := Config{
		Listen:         c.socket(f.Listen),
		TLS:            localhost.TLSFiles{Cert: c.path(f.TLSCert), Key: c.path(f.TLSKey), ClientCA: c.path(f.ClientCA)},
		Roles:          c.roles(f.Roles),
		Hosts:          c.hosts(f.Hosts),
		HostFiles:      c.hostFiles(f.HostFiles),
		Commands:       c.commands(f.Commands),
		CommandTimeout: c.seconds(f.CommandTimeout, bounds{defaultCommandTimeout, maxCommandTimeout}, "command_timeout_seconds"),
		AddressAllow:   c.prefixes(f.AddressAllow),
		Tick:           c.seconds(f.TickSeconds, bounds{defaultTick, maxTick}, "tick_seconds"),
		MaxExecutions:  c.number(f.MaxExecutions, bounds{defaultMaxExecutions, maxMaxExecutions}, "max_executions"),
		EventQueues:    c.queues(f.EventQueues),
		Watch:          c.seconds(f.WatchSeconds, bounds{defaultWatch, maxWatch}, "watch_seconds"),
		OperationsKept: c.days(f.Retention.OperationsDays, dayBounds{defaultOperationsDays, minOperationsDays}, "operations_days"),
		MachinesKept:   c.days(f.Retention.MachinesDays, dayBounds{defaultMachinesDays, minMachinesDays}, "machines_days"),
		AuditKept:      c.days(f.Retention.AuditDays, dayBounds{defaultAuditDays, minAuditDays}, "audit_days"),
	}
	if c.wrong != nil {
		return Config{}, errors.New(strings.Join(c.wrong, "; "))
	}
	return cfg, nil
}

// fail notes what is wrong with the value at a place.
func (c *checker) fail(at place, format string, args ...any) {
	text := make([]string, len(at))
	for i, step := range at {
		text[i] = fmt.Sprint(step)
	}
	c.wrong = append(c.wrong, fmt.Sprintf("line %d: %s: ", line(c.tree, at...), strings.Join(text, "."))+fmt.Sprintf(format, args...))
}

func (c *checker) roles(given map[string]string) map[string]op.Role {
	roles := make(map[string]op.Role, len(given))
	for _, name := range sorted(given) {
		role, err := localhost.ParseRole(given[name])
		if err != nil {
			c.fail(place{"roles", name}, "%v", err)
		}
		roles[name] = role
	}
	return roles
}

func (c *checker) hosts(names []string) []string {
	for i, name := range names {
		if name == "" || strings.ContainsAny(name, "/ \t\r\n*") {
			c.fail(place{"hosts", i}, "%q is not a host name: give one such as broker.example.com", name)
		}
	}
	return names
}

func (c *checker) hostFiles(given map[string]string) map[string]string {
	files := make(map[string]string, len(given))
	for _, name := range sorted(given) {
		files[name] = c.path(given[name])
		c.name(place{"host_files", name}, name)
		if err := regular(files[name]); err != nil {
			c.fail(place{"host_files", name}, "the file %s cannot be used: %v", files[name], err)
		}
	}
	return files
}

func (c *checker) commands(given map[string]fileCommand) map[string][]string {
	commands := make(map[string][]string, len(given))
	for _, name := range sorted(given) {
		c.name(place{"commands", name}, name)
		commands[name] = c.argv(place{"commands", name}, given[name].Argv)
	}
	return commands
}

// argv finds the program: a path is relative to the file, a bare name is
// looked up in PATH.
func (c *checker) argv(at place, given []string) []string {
	if len(given) == 0 || given[0] == "" {
		c.fail(at, "argv must be a list: the program and its arguments")
		return nil
	}
	argv := slices.Clone(given)
	if strings.ContainsRune(argv[0], '/') {
		argv[0] = c.path(argv[0])
	}
	found, err := exec.LookPath(argv[0])
	if err != nil {
		c.fail(at, "the program %s cannot be run (%v): give the path of one that this user may run", argv[0], cause(errors.Unwrap(err)))
	}
	argv[0] = found
	return argv
}

func (c *checker) prefixes(given []string) []netip.Prefix {
	var list []netip.Prefix
	for i, text := range given {
		p, err := config.ParsePrefix(text)
		if err != nil {
			c.fail(place{"address_allow", i}, "%q is neither an address nor a prefix: give one such as 10.0.0.0/8", text)
		}
		list = append(list, p)
	}
	return list
}

type bounds struct{ standard, most int }

// number is a value between 1 and the bound, or the default.
func (c *checker) number(given *int, b bounds, key string) int {
	if given == nil {
		return b.standard
	}
	if *given < 1 || *given > b.most {
		c.fail(place{key}, "must be between 1 and %d, not %d", b.most, *given)
	}
	return *given
}

func (c *checker) seconds(given *int, b bounds, key string) time.Duration {
	return time.Duration(c.number(given, b, key)) * time.Second
}

type dayBounds struct{ standard, least int }

// days is a number of days of the retention.
func (c *checker) days(given *int, b dayBounds, key string) time.Duration {
	n := b.standard
	if given != nil {
		n = *given
	}
	if n < b.least || n > maxRetentionDays {
		c.fail(place{"retention", key}, "must be between %d and %d, not %d", b.least, maxRetentionDays, n)
	}
	return time.Duration(n) * 24 * time.Hour
}

func (c *checker) path(p string) string {
	if p == "" || filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(c.dir, p)
}

func (c *checker) socket(listen string) string {
	if path, ok := strings.CutPrefix(listen, "unix:"); ok && path != "" {
		return "unix:" + c.path(path)
	}
	return listen
}

func (c *checker) name(at place, name string) {
	if !namePattern.MatchString(name) {
		c.fail(at, "a name is 1 to 64 letters, digits, '-' or '_' and begins with a letter or digit")
	}
}

func regular(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("%w: check the path", cause(err))
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("it is not a regular file: check the path")
	}
	return nil
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
