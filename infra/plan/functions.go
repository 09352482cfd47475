package plan

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/catalog"
	"github.com/openhostfactory/ohfp/shared/op"
)

// Cone is what a function links, and so what it is told and may do: the room of
// its handler.
type Cone string

// The cones, as the folders of functions know them.
const (
	Reads  Cone = "reads"
	Writes Cone = "writes"
	Clouds Cone = "clouds"
)

// Function is a row of the catalogue as a Lambda function.
type Function struct {
	Folder    string // below functions/, and of its zip
	Name, ARN string
	Operation op.Spec
	Cone      Cone
	Provider  string // kind of provider, of the cone clouds
	Timeout   time.Duration
	MemoryMB  int
	Routes    []Route
	Env       map[string]string
	Role      Role
	LogGroup  string
	Reserved  int        // concurrency kept for it; 0: none
	VPC       *StaticVPC // nil: none
}

// Route is how an operation is reached, and by whom at least.
type Route struct {
	Method, Path string
	Role         op.Role
}

// ID names the route: post-executeProviderOperation-CREATE-INSTANCES.
func (r Route) ID() string {
	name := strings.TrimPrefix(strings.TrimPrefix(r.Path, op.CommandPath), op.QueryPath)
	return strings.ToLower(r.Method) + "-" + strings.NewReplacer("/", "-", "_", "-").Replace(name)
}

func functions(c Config, n namer) ([]Function, error) {
	var all []Function
	var errs []error
	for _, row := range catalog.All() {
		spec := row.Describe()
		for _, kind := range kindsOf(spec, c.Providers) {
			f, err := function(c, n, spec, kind)
			if err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", spec.Name, err))
			}
			all = append(all, f)
		}
	}
	slices.SortFunc(all, func(a, b Function) int { return strings.Compare(a.Folder, b.Folder) })
	return all, errors.Join(errs...)
}

// kindsOf are the kinds that a row makes a function for; one "" where it makes
// one for all.
func kindsOf(spec op.Spec, enabled []string) []string {
	if spec.PerKind {
		return enabled
	}
	return []string{""}
}

func function(c Config, n namer, spec op.Spec, kind string) (Function, error) {
	f := Function{
		Folder: op.Kebab(spec.Name), Operation: spec, Cone: coneOf(spec), Provider: kind,
		Timeout: timeoutOf(spec), MemoryMB: memoryOf(spec), Routes: routes(spec),
	}
	if kind != "" {
		f.Folder += "-" + kind
	}
	if kind == "static" {
		f.VPC = c.Static
	}
	if spec.Name == attempting {
		f.Reserved = c.Reserved[kind]
	}
	f.Name, f.ARN = n.name(f.Folder), n.function(f.Folder)
	f.LogGroup = functionLogs(f.Name)
	f.Env = environment(c, n, f)
	var err error
	f.Role, err = functionRole(c, n, f)
	return f, err
}

func coneOf(spec op.Spec) Cone {
	switch {
	case spec.PerKind:
		return Clouds
	case spec.Kind == op.Query:
		return Reads
	default:
		return Writes
	}
}

func timeoutOf(spec op.Spec) time.Duration {
	if spec.Timeout == 0 {
		return op.DefaultTimeout
	}
	return spec.Timeout
}

// Memory decides the processor too. 128 MB is what the figures of make cost
// assume; what takes a body of megabytes holds it several times over.
const (
	smallMB, largeMB = 128, 256
	largeBody        = 1 << 20
)

func memoryOf(spec op.Spec) int {
	if spec.BodyLimit() > largeBody {
		return largeMB
	}
	return smallMB
}

// routes are those of the catalogue, and of the typed operation one for each
// type, so that IAM can allow some and not others.
func routes(spec op.Spec) []Route {
	var all []Route
	for _, r := range op.Routes(spec) {
		all = append(all, Route{r.Method, r.Path, spec.Role})
	}
	if spec.Name == op.TypedOperation {
		for _, kind := range broker.OperationType("").Values() {
			all = append(all, Route{"POST", op.CommandPath + spec.Name + "/" + kind, spec.Role})
		}
	}
	return all
}
