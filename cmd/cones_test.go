package cmd

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/shared/cone"
)

const module = "github.com/openhostfactory/ohfp"

// limits are those of what one command links. Forbidden packages are given as
// patterns of the go command. modules is the whole list of other people's code,
// so that a new one shows as a change of this file.
type limits struct {
	command   string
	forbidden map[string]string // pattern → why not
	modules   []string
}

// What is linked and might surprise: cobra imports text/template for help
// texts of other shapes than its own, google/uuid imports database/sql/driver,
// an interface, not a driver, and client_golang imports expvar, which puts itself
// on the default mux: nobody serves that (testdata/script/doors.txtar).
var cones = []limits{
	{
		command: "ohfp",
		forbidden: map[string]string{
			module + "/shared/store/...":                  "the client asks a broker and opens no store",
			module + "/shared/flow/...":                   "workflows run where the ledger is",
			module + "/statemachines/...":                 "workflows run where the ledger is",
			module + "/shared/host/...":                   "the client serves nobody",
			module + "/shared/providers/static":           "a driver belongs to the broker; the client knows the schema of a kind at most",
			module + "/shared/providers/aws/...":          "a driver belongs to the broker; the client knows the schema of a kind at most",
			"modernc.org/...":                             "SQLite alone is many times the size of the client",
			"database/sql":                                "the client opens no store",
			"github.com/aws/aws-sdk-go-v2/service/...":    "a call is signed, not made through a service's client",
			"github.com/aws/aws-sdk-go-v2/config":         "it links the clients of four services: a fifth more at each start of a scheduler (decision 0025)",
			module + "/cmd/ohfp/internal/sigv4/sigv4test": "a double is for tests",
			"github.com/aws/aws-cdk-go/...":               "infrastructure is built, not run",
			"testing":                                     "a test's tools stay in tests",
		},
		modules: []string{
			"github.com/aws/aws-sdk-go-v2",
			"github.com/aws/aws-sdk-go-v2/credentials",
			"github.com/aws/aws-sdk-go-v2/feature/ec2/imds",
			"github.com/aws/smithy-go",
			"github.com/goccy/go-yaml",
			"github.com/google/uuid",
			"github.com/jedib0t/go-pretty/v6",
			"github.com/mattn/go-runewidth",
			"github.com/rivo/uniseg",
			"github.com/spf13/cobra",
			"github.com/spf13/pflag",
			"golang.org/x/sys",
			"golang.org/x/term",
			"golang.org/x/text",
		},
	},
	{
		command: "ohfpd",
		forbidden: map[string]string{
			"github.com/aws/aws-cdk-go/...":            "infrastructure is built, not run",
			"github.com/aws/jsii-runtime-go/...":       "it starts a Node.js process",
			"github.com/aws/aws-lambda-go/lambda/...":  "the daemon is no function; it only knows the shapes of events",
			module + "/shared/store/storetest":         "a specification is for tests",
			module + "/shared/providers/providertest":  "a specification is for tests",
			module + "/shared/providers/aws/ec2test":   "a double is for tests",
			module + "/shared/host/eventqueue/sqstest": "a double is for tests",
			"testing":        "a test's tools stay in tests",
			"net/http/pprof": "it puts itself on the default mux, reachable without a token",
		},
		modules: []string{
			"github.com/aws/aws-lambda-go",
			"github.com/aws/aws-sdk-go-v2",
			"github.com/aws/aws-sdk-go-v2/config",
			"github.com/aws/aws-sdk-go-v2/credentials",
			"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue",
			"github.com/aws/aws-sdk-go-v2/feature/ec2/imds",
			"github.com/aws/aws-sdk-go-v2/internal/configsources",
			"github.com/aws/aws-sdk-go-v2/internal/endpoints/v2",
			"github.com/aws/aws-sdk-go-v2/internal/v4a",
			"github.com/aws/aws-sdk-go-v2/service/dynamodb",
			"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams",
			"github.com/aws/aws-sdk-go-v2/service/ec2",
			"github.com/aws/aws-sdk-go-v2/service/internal/accept-encoding",
			"github.com/aws/aws-sdk-go-v2/service/internal/endpoint-discovery",
			"github.com/aws/aws-sdk-go-v2/service/internal/presigned-url",
			"github.com/aws/aws-sdk-go-v2/service/servicequotas",
			"github.com/aws/aws-sdk-go-v2/service/signin",
			"github.com/aws/aws-sdk-go-v2/service/sqs",
			"github.com/aws/aws-sdk-go-v2/service/sso",
			"github.com/aws/aws-sdk-go-v2/service/ssooidc",
			"github.com/aws/aws-sdk-go-v2/service/sts",
			"github.com/aws/smithy-go",
			"github.com/beorn7/perks",
			"github.com/cespare/xxhash/v2",
			"github.com/dustin/go-humanize",
			"github.com/goccy/go-yaml",
			"github.com/google/uuid",
			"github.com/munnerz/goautoneg",
			"github.com/prometheus/client_golang",
			"github.com/prometheus/client_model",
			"github.com/prometheus/common",
			"github.com/prometheus/procfs",
			"github.com/remyoudompheng/bigfft",
			"github.com/spf13/cobra",
			"github.com/spf13/pflag",
			"go.yaml.in/yaml/v2",
			"golang.org/x/sync",
			"golang.org/x/sys",
			"golang.org/x/term",
			"google.golang.org/protobuf",
			"modernc.org/libc",
			"modernc.org/mathutil",
			"modernc.org/memory",
			"modernc.org/sqlite",
		},
	},
}

func TestCones(t *testing.T) {
	for _, c := range cones {
		t.Run(c.command, func(t *testing.T) {
			linked := link(t, c.command)
			t.Run("links nothing forbidden", func(t *testing.T) {
				for pattern, why := range c.forbidden {
					for _, p := range linked {
						if cone.Matches(pattern, p.ImportPath) {
							t.Errorf("%s links %s: %s", c.command, p.ImportPath, why)
						}
					}
				}
			})
			t.Run("links just these modules", func(t *testing.T) {
				if diff := cmp.Diff(c.modules, modules(linked)); diff != "" {
					t.Errorf("modules of %s (-listed here +linked):\n%s", c.command, diff)
				}
			})
		})
	}
}

// link returns the packages that a command links.
func link(t *testing.T, command string) []*cone.Package {
	t.Helper()
	return cone.Linked(t, cone.Build{Root: "..", Packages: "./" + command})
}

// modules returns the modules of other people, sorted.
func modules(linked []*cone.Package) []string {
	seen := map[string]bool{}
	for _, p := range linked {
		if p.Module != nil && !p.Module.Main {
			seen[p.Module.Path] = true
		}
	}
	return slices.Sorted(maps.Keys(seen))
}
