package sigv4

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
)

const defaultProfile = "default"

// profile is the name of the one that counts.
func (o Options) profile() string { return firstOf(o.Profile, o.Env("AWS_PROFILE"), defaultProfile) }

func firstOf(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

// profile is what the two shared files say under one name; keys are in lower
// case.
type profile map[string]string

// readProfile reads one profile from the shared files; nil when neither knows
// it. Of a key in both, the one of the file of credentials counts.
func readProfile(env func(string) string, name string) (profile, error) {
	configured, err := readFile(env, "AWS_CONFIG_FILE", "config")
	if err != nil {
		return nil, err
	}
	secrets, err := readFile(env, "AWS_SHARED_CREDENTIALS_FILE", "credentials")
	if err != nil {
		return nil, err
	}
	of := configured["profile "+name]
	if of == nil && name == defaultProfile {
		of = configured[name]
	}
	if of == nil && secrets[name] == nil {
		return nil, nil
	}
	both := profile{}
	maps.Copy(both, of)
	maps.Copy(both, secrets[name])
	return both, nil
}

// readFile reads one of the shared files; that there is none is no error.
func readFile(env func(string) string, variable, name string) (map[string]profile, error) {
	path := env(variable)
	if path == "" {
		if env("HOME") == "" {
			return nil, nil
		}
		path = filepath.Join(env("HOME"), ".aws", name)
	}
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading credentials of AWS: %w", err)
	}
	return parse(string(data)), nil
}

// parse reads sections of key = value, as the SDK does: key and value may be
// parted by a colon, a value may be quoted, an indented line belongs to the key
// above it when that has no value of its own, and what makes no sense is passed
// over.
func parse(text string) map[string]profile {
	sections, current, above := map[string]profile{}, profile(nil), ""
	for line := range strings.Lines(text) {
		trimmed := strings.TrimSpace(line)
		if name, ok := section(trimmed); ok {
			if sections[name] == nil {
				sections[name] = profile{}
			}
			current, above = sections[name], ""
			continue
		}
		key, value, ok := property(trimmed)
		nested := strings.ContainsAny(line[:1], " \t") && above != "" && current[above] == ""
		if ok && current != nil && !nested {
			current[key], above = value, key
		}
	}
	return sections
}

// section is the name between brackets, with one space between its words.
func section(line string) (string, bool) {
	if i := strings.IndexAny(line, "#;"); i >= 0 {
		line = strings.TrimSpace(line[:i])
	}
	if !strings.HasPrefix(line, "[") || !strings.HasSuffix(line, "]") {
		return "", false
	}
	return strings.Join(strings.Fields(line[1:len(line)-1]), " "), true
}

// property parts a line into key and value; a comment has neither.
func property(line string) (key, value string, ok bool) {
	if line == "" || line[0] == '#' || line[0] == ';' {
		return "", "", false
	}
	for _, mark := range []string{" #", " ;", "\t#", "\t;"} {
		line, _, _ = strings.Cut(line, mark)
	}
	i := strings.IndexAny(line, "=:")
	if i < 0 {
		return "", "", false
	}
	return strings.ToLower(strings.TrimSpace(line[:i])), unquoted(strings.TrimSpace(line[i+1:])), true
}

func unquoted(value string) string {
	for _, quote := range []string{`"`, "'"} {
		if len(value) > 1 && strings.HasPrefix(value, quote) && strings.HasSuffix(value, quote) {
			return value[1 : len(value)-1]
		}
	}
	return value
}
