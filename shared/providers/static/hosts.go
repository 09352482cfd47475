package static

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/token"

	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/providers/config"
)

// hostsFile is what was last read from a hosts file.
type hostsFile struct {
	data  []byte
	hosts []config.Host
}

// hosts returns the hosts of the pool; nobody changes the list. A hosts file
// that cannot be used is OFFERING_CONFIG: the site's own list is at fault.
func (d *Driver) hosts() ([]config.Host, error) {
	if d.config.HostsFile == "" {
		return d.config.Hosts, nil
	}
	path, ok := d.Files[d.config.HostsFile]
	if !ok {
		return nil, badFile("hosts_file %q is not named in the broker's configuration file", d.config.HostsFile)
	}
	hosts, err := d.opener.readHosts(path, d.config.Check)
	if e := fault.As(err); e != nil && e.Code != fault.Internal {
		return nil, badFile("hosts_file %q is not valid: %s", d.config.HostsFile, e.Detail)
	}
	if err != nil {
		p := badFile("hosts_file %q cannot be read", d.config.HostsFile)
		p.Err = err
		return nil, p
	}
	return hosts, nil
}

func badFile(format string, args ...any) *fault.ProviderError {
	return &fault.ProviderError{Class: fault.OfferingConfig, Code: "hosts_file", Message: fmt.Sprintf(format, args...)}
}

// readHosts reads a file each time, and parses it when its content changed: a
// time stamp may stay the same when the content does not.
func (o *Opener) readHosts(path string, c config.HostCheck) ([]config.Host, error) {
	data, err := readFile(path)
	if err != nil {
		return nil, err
	}
	key := fmt.Sprintf("%s %s %d", path, c.Kind, c.Port) // what decides whether an address is complete
	o.mu.Lock()
	last, ok := o.files[key]
	o.mu.Unlock()
	if ok && bytes.Equal(last.data, data) {
		return last.hosts, nil
	}
	hosts, err := parseHosts(data, c)
	if err != nil {
		return nil, err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.files[key] = hostsFile{data: data, hosts: hosts}
	return hosts, nil
}

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path) //nolint:gosec // the path is from the broker's own configuration
	if err != nil {
		return nil, fmt.Errorf("opening a hosts file: %w", err)
	}
	data, err := io.ReadAll(io.LimitReader(f, config.MaxHostsFile+1))
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, fmt.Errorf("reading a hosts file: %w", err)
	}
	if len(data) > config.MaxHostsFile {
		return nil, fault.New(fault.TooLarge, "it is longer than %d bytes", config.MaxHostsFile)
	}
	return data, nil
}

// parseHosts reads JSON, or else YAML without anchors: an alias of an alias
// makes a small file a huge one.
func parseHosts(data []byte, c config.HostCheck) ([]config.Host, error) {
	if json.Valid(data) {
		return config.ParseHosts(data, c)
	}
	if bytes.ContainsAny(data, "&*") && aliased(data) {
		return nil, fault.Invalid("hosts", "YAML anchors and aliases are not supported")
	}
	asJSON, err := yaml.YAMLToJSON(data)
	if err != nil {
		return nil, fault.Invalid("hosts", "neither JSON nor YAML: %s", firstLine(err.Error()))
	}
	return config.ParseHosts(asJSON, c)
}

func aliased(data []byte) bool {
	for _, t := range lexer.Tokenize(string(data)) {
		if t.Type == token.AnchorType || t.Type == token.AliasType {
			return true
		}
	}
	return false
}

func firstLine(s string) string {
	line, _, _ := bytes.Cut([]byte(s), []byte("\n"))
	return string(line)
}
