package config

import (
	"bytes"
	"encoding/json"

	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/wire"
)

// Bounds of a hosts file: a pool is read whole at each create, and each of its
// hosts is dialled by a health check.
const (
	MaxHostsFile = 4 << 20 // bytes
	MaxHosts     = 1000
)

// ParseHosts reads a hosts file that is, or was made, JSON: a list of hosts as
// in [Static]. An empty list is an empty pool. Field paths begin with hosts.
// invalid_request, too_large.
func ParseHosts(data []byte, c HostCheck) ([]Host, error) {
	data = bytes.TrimSpace(data)
	if !json.Valid(data) || len(data) == 0 || data[0] != '[' {
		return nil, fault.Invalid("hosts", "want a list of hosts")
	}
	var list struct {
		Hosts []Host `json:"hosts"`
	}
	// The list is read as the field of an object, because only objects have
	// rules; it is valid JSON by itself, so nothing can leave the field.
	body := append(append([]byte(`{"hosts":`), data...), '}')
	if err := wire.Decode(body, &list, wire.Limits{Body: MaxHostsFile + 16, List: MaxHosts}); err != nil {
		return nil, err
	}
	bad, _ := checkHosts(list.Hosts, c, "hosts")
	if err := invalid(bad); err != nil {
		return nil, err
	}
	return list.Hosts, nil
}
