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
)

var namePattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$`)

// checker turns a file as written into a [Config]. All that is wrong is told
// together, in one line.
type checker struct {
	tree *ast.File
	dir  string // relative paths are below it
}

func (c checker) check(f fileConfig) (Config, error) {
	roles, err1 := c.roles(f.Roles)
	err2 := c.hosts(f.Hosts)
	files, err3 := c.hostFiles(f.HostFiles)
	commands, err4 := c.commands(f.Commands)
	allow, err5 := c.prefixes(f.AddressAllow)
	tick, err6 := c.number(f.TickSeconds, bounds{defaultTick, maxTick}, "tick_seconds")
	most, err7 := c.number(f.MaxExecutions, bounds{defaultMaxExecutions, maxMaxExecutions}, "max_executions")
	if err := oneLine(err1, err2, err3, err4, err5, err6, err7); err != nil {
		return Config{}, err
	}
	return Config{
		Listen: c.socket(f.Listen),
		TLS:    localhost.TLSFiles{Cert: c.path(f.TLSCert), Key: c.path(f.TLSKey), ClientCA: c.path(f.ClientCA)},
		Roles:  roles, Hosts: f.Hosts, HostFiles: files, Commands: commands, AddressAllow: allow,
		Tick: time.Duration(tick) * time.Second, MaxExecutions: most,
	}, nil
}

// wrong is an error about the value at a place in the file.
func (c checker) wrong(at []any, format string, args ...any) error {
	text := make([]string, len(at))
	for i, step := range at {
		text[i] = fmt.Sprint(step)
	}
	return fmt.Errorf("line %d: %s: %w", line(c.tree, at...), strings.Join(text, "."), fmt.Errorf(format, args...))
}

func (c checker) roles(given map[string]string) (map[string]op.Role, error) {
	roles := make(map[string]op.Role, len(given))
	var errs []error
	for _, name := range sorted(given) {
		role, err := localhost.ParseRole(given[name])
		if err != nil {
			errs = append(errs, c.wrong([]any{"roles", name}, "%w", err))
		}
		roles[name] = role
	}
	return roles, oneLine(errs...)
}

func (c checker) hosts(names []string) error {
	for i, name := range names {
		if name == "" || strings.ContainsAny(name, "/ \t\r\n*") {
			return c.wrong([]any{"hosts", i}, "%q is not a host name: give one such as broker.example.com", name)
		}
	}
	return nil
}

func (c checker) hostFiles(given map[string]string) (map[string]string, error) {
	files := make(map[string]string, len(given))
	var errs []error
	for _, name := range sorted(given) {
		at := []any{"host_files", name}
		path := c.path(given[name])
		if err := checkName(name); err != nil {
			errs = append(errs, c.wrong(at, "%w", err))
		} else if err := regular(path); err != nil {
			errs = append(errs, c.wrong(at, "the file %s: %w", path, err))
		}
		files[name] = path
	}
	return files, oneLine(errs...)
}

func (c checker) commands(given map[string]fileCommand) (map[string]Command, error) {
	commands := make(map[string]Command, len(given))
	var errs []error
	for _, name := range sorted(given) {
		cmd, err := c.command(name, given[name])
		errs = append(errs, err)
		commands[name] = cmd
	}
	return commands, oneLine(errs...)
}

func (c checker) command(name string, f fileCommand) (Command, error) {
	at := []any{"commands", name}
	if err := checkName(name); err != nil {
		return Command{}, c.wrong(at, "%w", err)
	}
	argv, err := c.argv(f.Argv)
	if err != nil {
		return Command{}, c.wrong(append(at, "argv"), "%w", err)
	}
	seconds, err := c.number(f.TimeoutSeconds, bounds{defaultCommandTimeout, maxCommandTimeout}, "commands", name, "timeout_seconds")
	return Command{Argv: argv, Timeout: time.Duration(seconds) * time.Second}, err
}

// argv finds the program: a path is relative to the file, a bare name is
// looked up in PATH.
func (c checker) argv(given []string) ([]string, error) {
	if len(given) == 0 || given[0] == "" {
		return nil, fmt.Errorf("give the program and its arguments as a list")
	}
	argv := slices.Clone(given)
	if strings.ContainsRune(argv[0], '/') {
		argv[0] = c.path(argv[0])
	}
	found, err := exec.LookPath(argv[0])
	if err != nil {
		return nil, fmt.Errorf("the program %s: %w: give the path of one that this user may run", argv[0], errors.Unwrap(err))
	}
	argv[0] = found
	return argv, nil
}

func (c checker) prefixes(given []string) ([]netip.Prefix, error) {
	var list []netip.Prefix
	for i, text := range given {
		p, err := parsePrefix(text)
		if err != nil {
			return nil, c.wrong([]any{"address_allow", i}, "%q is neither an address nor a prefix: give one such as 10.0.0.0/8", text)
		}
		list = append(list, p)
	}
	return list, nil
}

func parsePrefix(s string) (netip.Prefix, error) {
	if strings.ContainsRune(s, '/') {
		p, err := netip.ParsePrefix(s)
		return p.Masked(), err
	}
	a, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Prefix{}, err
	}
	return a.Prefix(a.BitLen())
}

type bounds struct{ standard, most int }

// number is a value between 1 and the bound, or the default.
func (c checker) number(given *int, b bounds, at ...any) (int, error) {
	if given == nil {
		return b.standard, nil
	}
	if *given < 1 || *given > b.most {
		return 0, c.wrong(at, "must be between 1 and %d, not %d", b.most, *given)
	}
	return *given, nil
}

func (c checker) path(p string) string {
	if p == "" || filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(c.dir, p)
}

func (c checker) socket(listen string) string {
	if path, ok := strings.CutPrefix(listen, "unix:"); ok {
		return "unix:" + c.path(path)
	}
	return listen
}

func checkName(name string) error {
	if namePattern.MatchString(name) {
		return nil
	}
	return fmt.Errorf("a name is 1 to 64 letters, digits, '-' or '_' and begins with a letter or digit")
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

// oneLine joins what is not nil with semicolons.
func oneLine(errs ...error) error {
	var text []string
	for _, err := range errs {
		if err != nil {
			text = append(text, err.Error())
		}
	}
	if text == nil {
		return nil
	}
	return errors.New(strings.Join(text, "; "))
}
