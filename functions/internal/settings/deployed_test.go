package settings

import (
	"encoding/json"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// deployed are the environments that a stage gives its functions, by the names
// of their folders: of the template that the tests of infra/ hold to what is
// synthesized.
func deployed(t *testing.T, site, stage string) map[string]Env {
	t.Helper()
	text, err := os.ReadFile("../../../infra/testdata/" + site + "-broker.template.json")
	if err != nil {
		t.Fatal(err)
	}
	var template struct {
		Resources map[string]struct {
			Type       string
			Properties struct {
				FunctionName string
				Environment  struct{ Variables map[string]string }
			}
		}
	}
	if err := json.Unmarshal(text, &template); err != nil {
		t.Fatal(err)
	}
	out := map[string]Env{}
	for _, r := range template.Resources {
		if r.Type == "AWS::Lambda::Function" {
			given := r.Properties.Environment.Variables
			out[strings.TrimPrefix(r.Properties.FunctionName, "ohfp-"+stage+"-")] = func(name string) string { return given[name] }
		}
	}
	return out
}

func functionsOf(stage string, kinds ...string) Functions {
	f := Functions{Attempt: map[string]string{}, Probe: map[string]string{}, Sweep: map[string]string{}, Settle: "ohfp-" + stage + "-settle", Due: "ohfp-" + stage + "-due"}
	for _, kind := range kinds {
		f.Attempt[kind], f.Probe[kind], f.Sweep[kind] = "ohfp-"+stage+"-attempt-"+kind, "ohfp-"+stage+"-probe-"+kind, "ohfp-"+stage+"-sweep-"+kind
	}
	return f
}

func TestWhatTheStackSaysIsUnderstood(t *testing.T) {
	for site, want := range map[string]struct {
		stage     string
		functions Functions
	}{
		"plain": {"dev", functionsOf("dev", "aws")},
		"full":  {"prod", functionsOf("prod", "aws", "static")},
	} {
		t.Run(site, func(t *testing.T) {
			envs := deployed(t, site, want.stage)
			reads, err := ForReads(envs["get-operation"])
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(Reads{Table: "ohfp-" + want.stage, Functions: want.functions}, reads); diff != "" {
				t.Errorf("reads (-want +got):\n%s", diff)
			}
			const states = "arn:${AWS::Partition}:states:${AWS::Region}:${AWS::AccountId}:stateMachine:ohfp-"
			machines := StateMachines{ExecuteStandard: states + want.stage + "-execute", ExecuteExpress: states + want.stage + "-execute-express", HealthCheck: states + want.stage + "-health-check"}
			for _, folder := range []string{"execute-provider-operation", "settle", "due", "reconcile", "record-machine-event"} {
				writes, err := ForWrites(envs[folder])
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(Writes{Table: "ohfp-" + want.stage, Functions: want.functions, Machines: machines, SnapshotAge: 2 * time.Second}, writes); diff != "" {
					t.Errorf("%s (-want +got):\n%s", folder, diff)
				}
			}
			aws, err := ForAWS(envs["attempt-aws"])
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(AWS{Table: "ohfp-" + want.stage}, aws); diff != "" {
				t.Errorf("aws (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWhatTheStackSaysOfStaticPoolsIsUnderstood(t *testing.T) {
	for _, folder := range []string{"attempt-static", "probe-static", "sweep-static"} {
		got, err := ForStatic(deployed(t, "full", "prod")[folder])
		if err != nil {
			t.Fatal(err)
		}
		want := Static{Table: "ohfp-prod", Commands: map[string][]string{}, CommandTimeout: 30 * time.Second, AddressAllow: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}
		if diff := cmp.Diff(want, got, cmpopts.EquateComparable(netip.Prefix{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", folder, diff)
		}
	}
}
