package site

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"time"
)

// Registration is the file of a static pool. It is kept as it was read, so
// that writing it again loses nothing.
type Registration struct {
	Name string

	whole map[string]any
	check map[string]any
	hosts []map[string]any
}

func readRegistration(path string) (Registration, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return Registration{}, fmt.Errorf("reading a pool: %w", err)
	}
	var r Registration
	if err := json.Unmarshal(raw, &r.whole); err != nil {
		return Registration{}, fmt.Errorf("reading the pool of %s: %w", path, err)
	}
	if !r.bind() {
		return Registration{}, fmt.Errorf("%s is no registration of a static pool with inline hosts and a check", path)
	}
	return r, nil
}

// bind finds the parts that are played; false when one is missing.
func (r *Registration) bind() bool {
	name, named := r.whole["strategy_name"].(string)
	config, configured := r.whole["strategy_config"].(map[string]any)
	check, checked := config["check"].(map[string]any)
	_, numbered := check["port"].(float64)
	hosts, _ := config["hosts"].([]any)
	r.Name, r.check = name, check
	for _, h := range hosts {
		host, ok := h.(map[string]any)
		if !ok {
			return false
		}
		r.hosts = append(r.hosts, host)
	}
	return named && configured && checked && numbered && len(r.hosts) > 0
}

// Hosts returns their names.
func (r Registration) Hosts() []string { return r.column("name") }

// Port is where the check looks.
func (r Registration) Port() int {
	port, _ := r.check["port"].(float64)
	return int(port)
}

// addresses returns each address once.
func (r Registration) addresses() []string {
	all := r.column("address")
	slices.Sort(all)
	return slices.Compact(all)
}

func (r Registration) column(key string) []string {
	out := make([]string, len(r.hosts))
	for i, h := range r.hosts {
		out[i] = fmt.Sprint(h[key])
	}
	return out
}

func (r Registration) setPort(port int) { r.check["port"] = float64(port) }

// SetTimeout sets how long a host may take to answer a check; 10 s is the most
// that a broker takes.
func (r Registration) SetTimeout(d time.Duration) { r.check["timeout_ms"] = float64(d.Milliseconds()) }

func (r Registration) moveHosts(address string) {
	for _, h := range r.hosts {
		h["address"] = address
	}
}

// WriteFile writes the registration as it is played.
func (r Registration) WriteFile(path string) error {
	raw, err := json.MarshalIndent(r.whole, "", "  ")
	if err != nil {
		return fmt.Errorf("writing the pool %s: %w", r.Name, err)
	}
	return os.WriteFile(path, append(raw, '\n'), 0o600)
}
