package main

import (
	"log/slog"
	"net/netip"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/openhostfactory/ohfp/shared/host/localhost"
	"github.com/openhostfactory/ohfp/shared/host/telemetry"
	"github.com/openhostfactory/ohfp/shared/op"
)

// Config is all that the daemon is told, checked, with its defaults in place.
type Config struct {
	DataDir     string // absolute
	Table       string // of DynamoDB; "": the embedded store in DataDir
	CreateTable bool   // when there is none
	Lambdas     string // directory of function binaries; "": operations are carried out in this process
	Listen      string
	TLS         localhost.TLSFiles
	LogFile     string // "": standard error
	LogLevel    slog.Level

	Roles          map[string]op.Role  // of client certificates, by common name
	Hosts          []string            // further names for the Host header
	HostFiles      map[string]string   // paths by the name that registrations use
	Commands       map[string][]string // program and arguments by the name that registrations use; never a shell
	CommandTimeout time.Duration       // of each command
	AddressAllow   []netip.Prefix      // where providers may be dialled; empty: anywhere that is not refused always
	Tick           time.Duration       // between two rounds of health checks and reconciliation
	MaxExecutions  int                 // workflows at a time
	EventQueues    []eventQueue        // where providers tell of machines; none: they are looked at
	Watch          time.Duration       // between two looks at machines that providers may take back
	OperationsKept time.Duration       // after their end
	MachinesKept   time.Duration       // after their end
	AuditKept      time.Duration       // after the change
}

// Defaults and bounds of the configuration.
const (
	defaultListen = "127.0.0.1:8080"

	// A minute is how soon anything due is looked at; more often than each
	// second is load without a gain, and after an hour a health is no longer one.
	defaultTick = 60
	maxTick     = 3600

	// A provider that takes a machine back says so two minutes before.
	defaultWatch = 30
	maxWatch     = 3600

	// A workflow that waits holds some kilobytes and no thread.
	defaultMaxExecutions = 1024
	maxMaxExecutions     = 16384

	// How many days what has ended is kept. A machine is for as long as metrics
	// look back, and a day: what it cost is told from its record. Who changed what
	// is kept for a year, and a month to look it over in.
	defaultOperationsDays, minOperationsDays = 35, 1
	defaultMachinesDays, minMachinesDays     = 40, 36
	defaultAuditDays, minAuditDays           = 400, 1
	maxRetentionDays                         = 3650

	// A command makes a host ready or cleans it up.
	defaultCommandTimeout = 30
	maxCommandTimeout     = 600
)

// configure joins flags, file, environment and defaults, in that order of
// precedence. Errors are [*usageError].
func configure(f flags, w world) (Config, error) {
	table, err := f.table()
	if err != nil {
		return Config{}, err
	}
	dirs := xdg{w.getenv}
	cfg, err := readConfig(f.config, dirs)
	if err != nil {
		return Config{}, err
	}
	cfg.TLS = f.overrideTLS(cfg.TLS)
	cfg.Listen = firstOf(absoluteSocket(f.listen), cfg.Listen, defaultListen)
	cfg.LogFile, cfg.Table, cfg.CreateTable, cfg.Lambdas = f.logFile, table, f.createTable, f.lambdas
	if cfg.LogLevel, err = f.level(w); err != nil {
		return Config{}, err
	}
	if cfg.Lambdas != "" && len(cfg.EventQueues) > 0 {
		return Config{}, usage("event_queues goes without --lambdas: functions are called by a bus")
	}
	cfg.DataDir, err = f.directory(dirs)
	return cfg, err
}

// tableName is what DynamoDB takes for the name of a table.
var tableName = regexp.MustCompile(`^[A-Za-z0-9_.-]{3,255}$`)

// table is the table that --store names; "" for the embedded store.
func (f flags) table() (string, error) {
	kind, table, _ := strings.Cut(f.store, ":")
	switch {
	case f.store == "sqlite" && f.lambdas != "":
		return "", usage("--lambdas needs --store dynamodb:TABLE: functions have no other store")
	case f.store == "sqlite" && f.createTable:
		return "", usage("--create-table goes with --store dynamodb:TABLE: leave it out to use the embedded store")
	case f.store == "sqlite":
		return "", nil
	case kind != "dynamodb":
		return "", usage("--store: there is no store %q: give sqlite, or dynamodb:TABLE", f.store)
	case !tableName.MatchString(table):
		return "", usage("--store: %q is no name of a table: give dynamodb:TABLE with 3 to 255 letters, digits, '_', '.' or '-'", table)
	}
	return table, nil
}

func (f flags) overrideTLS(t localhost.TLSFiles) localhost.TLSFiles {
	return localhost.TLSFiles{
		Cert:     firstOf(f.tlsCert, t.Cert),
		Key:      firstOf(f.tlsKey, t.Key),
		ClientCA: firstOf(f.clientCA, t.ClientCA),
	}
}

// absoluteSocket is address with the path of a socket made absolute: it is
// told to programs that run elsewhere.
func absoluteSocket(address string) string {
	path, ok := strings.CutPrefix(address, "unix:")
	if !ok || path == "" {
		return address
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return address // without a working directory it stays relative, and opening it says so
	}
	return "unix:" + abs
}

func (f flags) level(w world) (slog.Level, error) {
	if f.logLevel != "" {
		l, err := telemetry.ParseLevel(f.logLevel)
		if err != nil {
			return 0, usage("--log-level: %w", err)
		}
		return l, nil
	}
	l, err := telemetry.ParseLevel(w.getenv(telemetry.LevelVariable))
	if err != nil {
		return 0, usage("the environment variable %s: %w", telemetry.LevelVariable, err)
	}
	return l, nil
}

func (f flags) directory(dirs xdg) (string, error) {
	if f.dataDir == "" {
		return dirs.data()
	}
	dir, err := filepath.Abs(f.dataDir)
	if err != nil {
		return "", usage("--data-dir: %w: give an absolute path", err)
	}
	return dir, nil
}

func firstOf(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}
