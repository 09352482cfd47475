package bundle

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

// Redacted stands where something was left out.
const Redacted = "[redacted]"

// private are the members whose values are left out, whatever they hold. Words
// of secrets count also as the last part of a name: session_token.
var private = map[string]bool{
	"context": true, "affinity_key": true, "tags": true, "user_data": true, "strategy_config": true, "registration": true, "error_details": true,
	"private_ip": true, "public_ip": true, "source_ip": true, "principal": true, "by": true, "idempotency_key": true, "headers": true,
}

var secrets = []string{"token", "authorization", "password", "passphrase", "secret", "secret_key", "access_key", "private_key", "credentials", "cookie"}

func hidden(name string) bool {
	name = strings.ReplaceAll(strings.ToLower(name), "-", "_")
	if private[name] {
		return true
	}
	for _, s := range secrets {
		if name == s || strings.HasSuffix(name, "_"+s) {
			return true
		}
	}
	return false
}

// Document returns a JSON document without what is private, laid out for
// people, and the names of the members that were left out.
func Document(doc []byte) (clean []byte, leftOut []string, err error) {
	dec := json.NewDecoder(bytes.NewReader(doc))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, nil, fmt.Errorf("reading a document: %w", err)
	}
	names := map[string]bool{}
	v = cleaned(v, names)
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return nil, nil, fmt.Errorf("writing a document: %w", err)
	}
	return out.Bytes(), sorted(names), nil
}

// cleaned is v without what is private. What is empty shows nothing and stays.
func cleaned(v any, names map[string]bool) any {
	switch v := v.(type) {
	case map[string]any:
		for name, value := range v {
			if hidden(name) && !empty(value) {
				v[name], names[name] = Redacted, true
				continue
			}
			v[name] = cleaned(value, names)
		}
	case []any:
		for i := range v {
			v[i] = cleaned(v[i], names)
		}
	case string:
		return line(v)
	}
	return v
}

func empty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case map[string]any:
		return len(v) == 0
	case []any:
		return len(v) == 0
	}
	return false
}

// telltale is what a secret looks like in a sentence: its name with a value
// behind it, a bearer token, an access key of AWS, a key in PEM.
var telltale = regexp.MustCompile(`(?i)(\b[\w-]*(?:token|authorization|password|passphrase|secret|credentials|api[_-]?key|access[_-]?key)["']?\s*[:=]\s*)("[^"]*"|'[^']*'|bearer\s+\S+|\S+)` +
	`|\b(bearer\s+)[\w.~+/-]+=*` + `|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b` + `|-----BEGIN [A-Z ]*PRIVATE KEY-----.*`)

// line is text without what looks like a secret.
func line(s string) string { return telltale.ReplaceAllString(s, "${1}${3}"+Redacted) }

// Log returns the last lines of a log without what is private: of JSON lines by
// the names of their members. size bounds what is returned, in bytes.
func Log(log []byte, lines, size int) []byte {
	all := bytes.Split(bytes.TrimRight(log, "\n"), []byte("\n"))
	var out []byte
	for i := len(all) - 1; i >= 0 && i >= len(all)-lines; i-- {
		one := append(logLine(all[i]), '\n')
		if len(out)+len(one) > size {
			break
		}
		out = append(one, out...)
	}
	return out
}

func logLine(raw []byte) []byte {
	var v map[string]any
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	if dec.Decode(&v) != nil {
		return []byte(line(strings.ToValidUTF8(string(raw), "\uFFFD")))
	}
	out, err := json.Marshal(cleaned(v, map[string]bool{}))
	if err != nil { // it came from JSON
		return nil
	}
	return out
}
