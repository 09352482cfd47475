package functions

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/shared/catalog"
	"github.com/openhostfactory/ohfp/shared/cone"
)

const (
	module = "github.com/openhostfactory/ohfp"
	sdk    = "github.com/aws/aws-sdk-go-v2/"
)

// limits are those of what the functions of one opener link. Forbidden packages are given
// as patterns of the go command. services and modules are whole lists, so that
// a new one shows as a change of this file.
type limits struct {
	forbidden map[string]string // pattern → why not
	services  []string          // of AWS, whose clients are linked
	modules   []string          // other people's code
}

// forbidden holds for every function.
var forbidden = map[string]string{
	sdk + "config":           "a function has what Lambda sets and no files, profiles or sign-on: internal/awsenv reads that, a fifth smaller",
	sdk + "credentials":      "the credentials are in the environment",
	sdk + "feature/ec2/imds": "no function runs on an instance, and none may ask for another's credentials",

	module + "/shared/store/sqlite":           "the store of functions is the table; SQLite alone is as large as a function",
	module + "/shared/store/datadir":          "a function has no directory of its own",
	"modernc.org/...":                         "the store of functions is the table; SQLite alone is as large as a function",
	"database/sql":                            "the store of functions is the table; google/uuid links the interface database/sql/driver, no driver",
	module + "/shared/store/storetest":        "a specification is for tests",
	module + "/shared/providers/providertest": "a specification is for tests",
	module + "/shared/providers/aws/ec2test":  "a double is for tests",
	"testing":                                 "a test's tools stay in tests",

	module + "/shared/flow/local/...":     "workflows of functions run on Step Functions",
	module + "/statemachines/...":         "a function starts workflows by their ARN and reads none",
	module + "/shared/host/localhost/...": "a function serves Lambda and opens no port",
	module + "/shared/host/runtimeapi":    "a function is run by Lambda and runs none",
	module + "/shared/catalog":            "a function is one operation; the table of all links every room",
	module + "/shared/openapi":            "the document is served by whoever serves all operations",

	"text/template":         "it calls methods by name, so that the linker keeps every method of every type: three times the size",
	"html/template":         "as text/template",
	"net/rpc":               "as text/template, which it links; the tag lambda.norpc leaves it out of the Lambda runtime",
	"encoding/gob":          "net/rpc's coding, by reflection over all types",
	"expvar":                "it puts itself on the default mux",
	"net/http/pprof":        "it puts itself on the default mux",
	"github.com/spf13/...":  "a function has no command line",
	"github.com/knadh/...":  "a function's settings are variables",
	"github.com/Azure/...":  "Azure belongs to the functions of its kind",
	"cloud.google.com/...":  "Google Cloud belongs to the functions of its kind",
	"google.golang.org/...": "Google Cloud belongs to the functions of its kind",
	"k8s.io/...":            "Kubernetes belongs to the functions of its kind",

	"github.com/aws/aws-cdk-go/...":      "infrastructure is built, not run",
	"github.com/aws/jsii-runtime-go/...": "it starts a Node.js process",
}

// cones are by opener. The attribute values of DynamoDB bring the types of its
// streams, no client of them.
var cones = map[string]limits{
	"reads": {
		forbidden: map[string]string{
			module + "/shared/command":          "a query changes nothing",
			module + "/shared/dispatch":         "a query touches no provider",
			module + "/shared/selection":        "a query decides nothing",
			module + "/shared/fulfilment":       "a query decides nothing",
			module + "/shared/breaker":          "a query decides nothing",
			module + "/shared/flow/...":         "a query starts nothing",
			module + "/shared/providers":        "a query touches no provider; of kinds it knows their schema",
			module + "/shared/providers/aws":    "a query touches no provider; of kinds it knows their schema",
			module + "/shared/providers/static": "a query touches no provider; of kinds it knows their schema",
			"os/exec":                           "a query starts no program",
		},
		services: []string{"dynamodb", "dynamodbstreams"},
		modules: []string{
			"github.com/aws/aws-lambda-go",
			"github.com/aws/aws-sdk-go-v2",
			"github.com/aws/smithy-go",
			"github.com/google/uuid",
		},
	},
	"writes": {
		forbidden: map[string]string{
			module + "/shared/query":            "a command answers for itself",
			module + "/shared/dispatch":         "a command touches no provider: its workflow does",
			module + "/shared/providers":        "a command touches no provider; of kinds it knows their schema",
			module + "/shared/providers/aws":    "a command touches no provider; of kinds it knows their schema",
			module + "/shared/providers/static": "a command touches no provider; of kinds it knows their schema",
			"os/exec":                           "a command starts no program",
		},
		services: []string{"dynamodb", "dynamodbstreams", "sfn"},
		modules: []string{
			"github.com/aws/aws-lambda-go",
			"github.com/aws/aws-sdk-go-v2",
			"github.com/aws/smithy-go",
			"github.com/google/uuid",
		},
	},
	"clouds/static": {
		forbidden: map[string]string{
			module + "/shared/query":         "a step answers a workflow",
			module + "/shared/command":       "what touches a provider registers nothing and decides nothing",
			module + "/shared/selection":     "the provider was selected before",
			module + "/shared/flow/...":      "what a workflow runs starts no workflow",
			module + "/shared/providers/aws": "a function links the driver of its own kind",
		},
		services: []string{"dynamodb", "dynamodbstreams"},
		modules: []string{
			"github.com/aws/aws-lambda-go",
			"github.com/aws/aws-sdk-go-v2",
			"github.com/aws/smithy-go",
			"github.com/goccy/go-yaml",
			"github.com/google/uuid",
		},
	},
	"clouds/aws": {
		forbidden: map[string]string{
			module + "/shared/query":            "a step answers a workflow",
			module + "/shared/command":          "what touches a provider registers nothing and decides nothing",
			module + "/shared/selection":        "the provider was selected before",
			module + "/shared/flow/...":         "what a workflow runs starts no workflow",
			module + "/shared/providers/static": "a function links the driver of its own kind",
			"os/exec":                           "a function of AWS starts no program",
		},
		services: []string{"dynamodb", "dynamodbstreams", "ec2", "servicequotas", "sts"},
		modules: []string{
			"github.com/aws/aws-lambda-go",
			"github.com/aws/aws-sdk-go-v2",
			"github.com/aws/smithy-go",
			"github.com/google/uuid",
		},
	},
}

func TestCones(t *testing.T) {
	linked := link(t)
	for _, f := range functionsOf(catalog.All(), kinds(t)) {
		t.Run(f.name, func(t *testing.T) {
			c, ok := cones[f.opener]
			if !ok {
				t.Fatalf("nothing is said of what %s links", f.opener)
			}
			deps := linked.of(t, f.name)
			for _, p := range deps {
				for _, rules := range []map[string]string{forbidden, c.forbidden} {
					if why := rule(rules, p.ImportPath); why != "" {
						t.Errorf("it links %s: %s", p.ImportPath, why)
					}
				}
			}
			if diff := cmp.Diff(c.services, services(deps)); diff != "" {
				t.Errorf("services (-listed here +linked):\n%s", diff)
			}
			if diff := cmp.Diff(c.modules, modules(deps)); diff != "" {
				t.Errorf("modules (-listed here +linked):\n%s", diff)
			}
		})
	}
}

// rule says why a package may not be linked, "" if it may. Patterns are those of
// the go command.
func rule(rules map[string]string, path string) string {
	for pattern, why := range rules {
		if cone.Matches(pattern, path) {
			return why
		}
	}
	return ""
}

// services returns the services of AWS of which something is linked, sorted.
func services(linked []*cone.Package) []string {
	seen := map[string]bool{}
	for _, p := range linked {
		if rest, ok := strings.CutPrefix(p.ImportPath, sdk+"service/"); ok {
			name, _, _ := strings.Cut(rest, "/")
			seen[name] = name != "internal"
		}
	}
	maps.DeleteFunc(seen, func(_ string, is bool) bool { return !is })
	return slices.Sorted(maps.Keys(seen))
}

// modules returns the modules of other people, sorted; those that the AWS SDK
// is cut into as one.
func modules(linked []*cone.Package) []string {
	seen := map[string]bool{}
	for _, p := range linked {
		switch {
		case p.Module == nil || p.Module.Main:
		case strings.HasPrefix(p.Module.Path, sdk):
			seen[strings.TrimSuffix(sdk, "/")] = true
		default:
			seen[p.Module.Path] = true
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

type packages map[string]*cone.Package

// link returns what all functions link, as they are built for Lambda.
func link(t *testing.T) packages {
	t.Helper()
	all := packages{}
	for _, p := range cone.Linked(t, cone.Build{
		Root: "..", Packages: "./...", Tags: "lambda.norpc,grpcnotrace", Env: []string{"GOOS=linux", "GOARCH=arm64", "CGO_ENABLED=0"},
	}) {
		all[p.ImportPath] = p
	}
	return all
}

// of returns the packages that a function links.
func (all packages) of(t *testing.T, name string) []*cone.Package {
	t.Helper()
	main, ok := all[module+"/functions/"+name]
	if !ok {
		t.Fatalf("there is no function %s", name)
	}
	deps := make([]*cone.Package, len(main.Deps))
	for i, path := range main.Deps {
		if deps[i] = all[path]; deps[i] == nil {
			t.Fatalf("%s is not listed", path)
		}
	}
	return deps
}
