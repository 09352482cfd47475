package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/wire"
)

// at is where a configuration stands in its registration.
const at = "strategy_config"

// CheckConfig checks the strategy_config of a registration of a kind and
// returns it with defaults set and keys in order, so that two registrations of
// the same content are the same bytes. Warnings are about what is accepted and
// perhaps not meant. Errors are [*fault.Error]: invalid_request or
// not_supported, with field paths that begin with strategy_config.
func CheckConfig(kind string, raw json.RawMessage) (json.RawMessage, []string, error) {
	k, err := lookup(kind, "provider_type")
	if err != nil {
		return nil, nil, err
	}
	if t := bytes.TrimSpace(raw); len(t) == 0 || bytes.Equal(t, []byte("null")) {
		return nil, nil, fault.Invalid(at, "required: what the %s provider is made of", kind)
	}
	if err := refuseSecrets(raw); err != nil {
		return nil, nil, err
	}
	normal, warnings, err := k.config(raw, at)
	if err != nil {
		return nil, nil, err
	}
	out, err := json.Marshal(normal)
	if err != nil {
		return nil, nil, fmt.Errorf("normalising a %s configuration: %w", kind, err)
	}
	return out, warnings, nil
}

// refuseSecrets refuses keys that look like secrets, wherever they stand:
// registrations are stored and shown. The value is never echoed.
func refuseSecrets(raw json.RawMessage) error {
	if len(raw) > wire.DefaultBody {
		return nil // refused for its size by whoever decodes it
	}
	var v any
	if json.Unmarshal(raw, &v) != nil {
		return nil //nolint:nilerr // reported with its place by whoever decodes it
	}
	return invalid(secretKeys(v, at, nil))
}

func secretKeys(v any, path string, found []fault.Field) []fault.Field {
	switch v := v.(type) {
	case map[string]any:
		for _, key := range sortedKeys(v) {
			if broker.NamesSecret(key) {
				found = append(found, fault.Field{Field: path + "." + key, Message: "a secret is never stored here: name a profile, role or file instead"})
				continue
			}
			found = secretKeys(v[key], path+"."+key, found)
		}
	case []any:
		for i := range v {
			found = secretKeys(v[i], fmt.Sprintf("%s[%d]", path, i), found)
		}
	}
	return found
}

// inDetail is how many problems the detail of an error spells out; all are in
// its fields.
const inDetail = 3

// invalid makes an invalid_request of problems, nil when there are none.
func invalid(fields []fault.Field) error {
	if len(fields) == 0 {
		return nil
	}
	var said []string
	for _, f := range fields[:min(len(fields), inDetail)] {
		said = append(said, f.Field+": "+f.Message)
	}
	detail := strings.Join(said, "; ")
	if more := len(fields) - len(said); more > 0 {
		detail += fmt.Sprintf("; and %d more", more)
	}
	return &fault.Error{Code: fault.InvalidRequest, Detail: detail, Fields: fields}
}

func field(path, format string, args ...any) fault.Field {
	return fault.Field{Field: path, Message: fmt.Sprintf(format, args...)}
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
