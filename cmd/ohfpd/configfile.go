package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	jsonwire "github.com/openhostfactory/ohfp/shared/wire"
)

const maxConfigFile = 1 << 20

// fileConfig is the configuration file as written. Its keys are those of
// docs/configuration.md.
type fileConfig struct {
	Listen         string                 `yaml:"listen"`
	TLSCert        string                 `yaml:"tls_cert"`
	TLSKey         string                 `yaml:"tls_key"`
	ClientCA       string                 `yaml:"client_ca"`
	Roles          map[string]string      `yaml:"roles"`
	Hosts          []string               `yaml:"hosts"`
	HostFiles      map[string]string      `yaml:"host_files"`
	Commands       map[string]fileCommand `yaml:"commands"`
	CommandTimeout *int                   `yaml:"command_timeout_seconds"`
	AddressAllow   []string               `yaml:"address_allow"`
	TickSeconds    *int                   `yaml:"tick_seconds"`
	MaxExecutions  *int                   `yaml:"max_executions"`
	EventQueues    []string               `yaml:"event_queues"`
	WatchSeconds   *int                   `yaml:"watch_seconds"`
	Retention      fileRetention          `yaml:"retention"`
}

type fileRetention struct {
	OperationsDays *int `yaml:"operations_days"`
	MachinesDays   *int `yaml:"machines_days"`
	AuditDays      *int `yaml:"audit_days"`
}

type fileCommand struct {
	Argv []string `yaml:"argv"`
}

// planned are keys that have a meaning already and no effect yet: accepting
// them would promise what is not kept.
func planned() map[string]string {
	return map[string]string{
		"timeout_seconds": "command_timeout_seconds holds for all commands",
	}
}

// readConfig reads the file named by the flag, or the one at its usual place
// if it is there. Errors are [*usageError].
func readConfig(flag string, dirs xdg) (Config, error) {
	path := firstOf(flag, dirs.config())
	data, err := readFile(path)
	if flag == "" && (path == "" || errors.Is(err, fs.ErrNotExist)) {
		data, err = nil, nil
	}
	if err != nil {
		return Config{}, usage("the configuration file %s cannot be read (%w): check the path and its permissions", path, cause(err))
	}
	cfg, err := decodeConfig(data, filepath.Dir(path))
	if err != nil {
		return Config{}, usage("the configuration file %s: %w", path, err)
	}
	return cfg, nil
}

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(f, maxConfigFile+1))
	if err == nil && len(data) > maxConfigFile {
		err = fmt.Errorf("it is larger than %d bytes", maxConfigFile)
	}
	return data, errors.Join(err, f.Close())
}

// cause leaves the path out of an error that names it already.
func cause(err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err
	}
	return err
}

// decodeConfig reads a configuration whose relative paths are below dir.
// Errors begin with the line, where there is one.
func decodeConfig(data []byte, dir string) (Config, error) {
	tree, err := parser.ParseBytes(data, 0)
	if err != nil {
		return Config{}, explain(err)
	}
	if len(tree.Docs) > 1 {
		return Config{}, fmt.Errorf("it holds %d documents: keep one", len(tree.Docs))
	}
	var file fileConfig
	if len(tree.Docs) == 1 && tree.Docs[0].Body != nil {
		err = yaml.NodeToValue(tree.Docs[0].Body, &file, yaml.DisallowUnknownField())
	}
	if err != nil {
		return Config{}, explain(err)
	}
	c := &checker{tree: tree, dir: dir}
	return c.check(file)
}

// explain turns an error of the YAML library into one line with the line's
// number and, for a key that is not known, the nearest that is.
func explain(err error) error {
	e, ok := errors.AsType[yaml.Error](err)
	if !ok {
		return err
	}
	text := e.GetMessage()
	if wrong, ok := errors.AsType[*yaml.TypeError](err); ok {
		text = fmt.Sprintf("want %s, not %s", words(wrong.DstType), words(wrong.SrcType))
	}
	t := e.GetToken()
	if t == nil {
		return errors.New(text)
	}
	if _, ok := errors.AsType[*yaml.UnknownFieldError](err); ok {
		text = unknownKey(t.Value)
	}
	if t.Position == nil {
		return errors.New(text)
	}
	return fmt.Errorf("line %d: %s", t.Position.Line, text)
}

func unknownKey(key string) string {
	if why, ok := planned()[key]; ok {
		return fmt.Sprintf("%s is not supported yet (%s): remove it", key, why)
	}
	text := fmt.Sprintf("unknown key %q", key)
	switch near := jsonwire.Nearest(key, keys()); near {
	case "":
		return text + ": the keys are " + strings.Join(keys(), ", ")
	case key:
		return text + " at this place"
	default:
		return text + ": did you mean " + near + "?"
	}
}

// keys lists the keys of the file, those of a command and of retention last.
func keys() []string {
	var list []string
	for _, t := range []reflect.Type{reflect.TypeFor[fileConfig](), reflect.TypeFor[fileCommand](), reflect.TypeFor[fileRetention]()} {
		for i := range t.NumField() {
			list = append(list, t.Field(i).Tag.Get("yaml"))
		}
	}
	return list
}

// words names a Go type as a reader of YAML would.
func words(t reflect.Type) string {
	if t == nil {
		return "nothing"
	}
	switch t.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Int, reflect.Int64, reflect.Uint64:
		return "a whole number"
	case reflect.Map, reflect.Struct:
		return "a mapping"
	case reflect.Slice:
		return "a list"
	case reflect.Pointer:
		return words(t.Elem())
	default:
		return "a " + t.Kind().String()
	}
}

// line is where the value at keys and list indexes is; 0 when it is nowhere.
func line(tree *ast.File, at ...any) int {
	b := (&yaml.PathBuilder{}).Root()
	for _, step := range at {
		switch s := step.(type) {
		case string:
			b = b.Child(s)
		case int:
			b = b.Index(uint(s))
		}
	}
	node, err := b.Build().FilterFile(tree)
	if err != nil || node == nil || node.GetToken() == nil || node.GetToken().Position == nil {
		return 0
	}
	return node.GetToken().Position.Line
}
