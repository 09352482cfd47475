package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	ddb "github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/openhostfactory/ohfp/shared/catalog"
	"github.com/openhostfactory/ohfp/shared/command"
	"github.com/openhostfactory/ohfp/shared/host/runtimeapi"
	"github.com/openhostfactory/ohfp/shared/op"
)

// build is the functions found in a directory.
type build struct {
	functions []runtimeapi.Function
	kinds     []string // of provider
}

// findFunctions looks for one function per row of the catalogue, and sets what
// the row says of it. Others are left alone. An error is a [*usageError].
func findFunctions(dir string) (build, error) {
	found, err := runtimeapi.Scan(dir)
	if err != nil {
		return build{}, usage("--lambdas: %w: build them with make functions ARCH=host", err)
	}
	at := map[string]runtimeapi.Function{}
	var b build
	for _, f := range found {
		at[f.Name] = f
		if kind, ok := strings.CutPrefix(f.Name, "attempt-"); ok {
			b.kinds = append(b.kinds, kind)
		}
	}
	slices.Sort(b.kinds)
	for _, row := range catalog.All() {
		spec := row.Describe()
		for _, name := range catalog.FunctionsOf(spec, b.kinds) {
			f, ok := at[name]
			if !ok {
				return build{}, usage("--lambdas: %s has no function %s: build all of them with make functions ARCH=host", dir, name)
			}
			if f.Timeout = spec.Timeout; f.Timeout == 0 {
				f.Timeout = op.DefaultTimeout
			}
			b.functions = append(b.functions, f)
		}
	}
	return b, nil
}

// workflowARNs is where functions start workflows.
type workflowARNs struct{ endpoint, standard, express, health string }

// environment is what every function is told: its table, where the workflows
// are, and how AWS is reached. Nothing else of this process gets to it.
func environment(ctx context.Context, a awssdk.Config, cfg Config, kinds []string, flows workflowARNs) (env []string, err error) {
	who, err := a.Credentials.Retrieve(ctx)
	if err != nil {
		return nil, fmt.Errorf("looking for AWS credentials: %w", err)
	}
	names, err := json.Marshal(functionNames(kinds))
	if err != nil {
		return nil, fmt.Errorf("naming the functions: %w", err)
	}
	pools, err := json.Marshal(poolSettings(cfg))
	if err != nil {
		return nil, fmt.Errorf("telling functions about static pools: %w", err)
	}
	env = []string{
		"AWS_ACCESS_KEY_ID=" + who.AccessKeyID, "AWS_SECRET_ACCESS_KEY=" + who.SecretAccessKey,
		"AWS_ENDPOINT_URL_SFN=" + flows.endpoint,
		"AWS_LAMBDA_LOG_FORMAT=JSON", "AWS_LAMBDA_LOG_LEVEL=" + cfg.LogLevel.String(),
		"OHFP_DEBUG_PRINCIPALS=*", // who may ask was decided before a function is
		"OHFP_SNAPSHOT_SECONDS=0", // on one machine a reading costs little, and who changes something sees it at once
		"OHFP_TABLE=" + cfg.Table, "OHFP_FUNCTIONS=" + string(names), "OHFP_RETENTION=" + retention(cfg), "OHFP_STATIC=" + string(pools),
		"OHFP_EXECUTE_STANDARD_ARN=" + flows.standard, "OHFP_EXECUTE_EXPRESS_ARN=" + flows.express, "OHFP_HEALTH_CHECK_ARN=" + flows.health,
	}
	if who.SessionToken != "" {
		env = append(env, "AWS_SESSION_TOKEN="+who.SessionToken)
	}
	env = append(env, cloudSettings(cfg)...)
	if at := ddb.NewFromConfig(a).Options().BaseEndpoint; at != nil {
		env = append(env, "AWS_ENDPOINT_URL_DYNAMODB="+*at)
	}
	return env, nil
}

// cloudSettings is what functions of AWS are told: where endpoints may lead,
// and those of the operator.
func cloudSettings(cfg Config) []string {
	var env []string
	if len(cfg.AddressAllow) > 0 {
		text := make([]string, len(cfg.AddressAllow))
		for i, p := range cfg.AddressAllow {
			text[i] = `"` + p.String() + `"`
		}
		env = append(env, `OHFP_AWS={"address_allow":[`+strings.Join(text, ",")+`]}`)
	}
	for _, name := range []string{"AWS_ENDPOINT_URL_EC2", "AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL_SERVICE_QUOTAS"} {
		if url := os.Getenv(name); url != "" {
			env = append(env, name+"="+url)
		}
	}
	return env
}

// retention is OHFP_RETENTION as functions read it.
func retention(cfg Config) string {
	days := func(d time.Duration) int { return int(d / (24 * time.Hour)) }
	return fmt.Sprintf(`{"operations_days": %d, "machines_days": %d, "audit_days": %d}`, days(cfg.OperationsKept), days(cfg.MachinesKept), days(cfg.AuditKept))
}

// installation is OHFP_FUNCTIONS as functions read it.
type installation struct {
	Attempt map[string]string `json:"attempt"`
	Probe   map[string]string `json:"probe"`
	Sweep   map[string]string `json:"sweep"`
	Settle  string            `json:"settle"`
	Due     string            `json:"due"`
}

func functionNames(kinds []string) installation {
	n := catalog.Functions(kinds)
	return installation{Attempt: n.Attempt, Probe: n.Probe, Sweep: n.Sweep, Settle: n.Settle, Due: op.Kebab(command.Due.Name)}
}

// pools is OHFP_STATIC as functions of static pools read it.
type pools struct {
	HostFiles      map[string]string   `json:"host_files"`
	Commands       map[string]poolArgv `json:"commands"`
	CommandTimeout int                 `json:"command_timeout_seconds"`
	AddressAllow   []netip.Prefix      `json:"address_allow"`
}

type poolArgv struct {
	Argv []string `json:"argv"`
}

func poolSettings(cfg Config) pools {
	p := pools{
		HostFiles: cfg.HostFiles, CommandTimeout: int(cfg.CommandTimeout.Seconds()), AddressAllow: cfg.AddressAllow,
		Commands: map[string]poolArgv{},
	}
	for name, argv := range cfg.Commands {
		p.Commands[name] = poolArgv{argv}
	}
	return p
}
