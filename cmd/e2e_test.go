package cmd

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestBothCommandsTogether plays testdata/script, and the examples of every
// help, with ohfp and ohfpd, built as a user builds them. Beside the usual
// commands of scripts there are:
//
//	start [FLAG...]           run ohfpd on the directory data and a port of the script's; ohfp finds it through the environment
//	quit, crash               end it with SIGTERM, or with SIGKILL
//	open VAR, close VAR       a port of loopback that accepts connections, and its end; VAR is its number
//	alone NAME                until the script ends no other run of the tests is here
//	pool NAME HOSTS PRIORITY PORT   register a static pool whose hosts are checked at the port; none: unchecked
//	ec2                       a double of EC2, which the broker started after it reaches
//	ec2 refuses ACTION        from now on; ec2 made COUNT: machines, ever, and none has ended
//	exit STATUS PROGRAM...    run a program that ends with this status
//	refused STATUS CODE PROGRAM...  the same, and: stdout is one problem with this code, stderr one line,
//	                          and no registration, template or operation has changed
//	http STATUS METHOD PATH [HEADER:VALUE...] [BODY]   call the broker, with its token; a refusal changes nothing
//	json PATH VALUE, ! json PATH    what the JSON on stdout holds: errors.0.field, providers.len
//	[free:PORT]               whether the port of loopback can be listened at
//	[embedded]                whether everything is in one process, with SQLite
//	let VAR PATH              keep a value of the JSON on stdout
func TestBothCommandsTogether(t *testing.T) { together(t, build(t), embedded) }

// TestTheFunctionsTogether plays the same with the binaries of the functions,
// on the DynamoDB at AWS_ENDPOINT_URL_DYNAMODB: make test-dynamodb gives one.
func TestTheFunctionsTogether(t *testing.T) {
	if os.Getenv(dynamoDB) == "" {
		t.Skip("NOT TESTED: the functions, because " + dynamoDB + " names no DynamoDB; make test-dynamodb runs one")
	}
	together(t, build(t), rights.deployed(t))
}

func together(t *testing.T, bin string, w way) {
	t.Helper()
	t.Run("script", func(t *testing.T) { testscript.Run(t, scripts(bin, w)) })
	t.Run("example of help", func(t *testing.T) { examples(t, bin, w) })
}

// condition knows [free:PORT] and the names of ways.
func (w way) condition(c string) (bool, error) {
	port, ok := strings.CutPrefix(c, "free:")
	if !ok && (c == embedded.name || c == w.name) {
		return c == w.name, nil
	}
	if !ok {
		return false, fmt.Errorf("unknown condition %q", c)
	}
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", port))
	if err != nil {
		return false, nil //nolint:nilerr // that is the answer
	}
	return true, l.Close()
}

func scripts(bin string, w way) testscript.Params {
	return testscript.Params{
		Dir: filepath.Join("testdata", "script"), Cmds: commands(), Condition: w.condition, RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			s := &site{way: w, hosts: map[string]net.Listener{}}
			e.Values[siteKey{}] = s
			e.Defer(func() {
				if err := s.close(); err != nil {
					e.T().Log(err)
					e.T().FailNow()
				}
			})
			examples, err := filepath.Abs(filepath.Join("..", "examples"))
			if err != nil {
				return err
			}
			e.Setenv("EXAMPLES", examples)
			e.Setenv("BIN", bin)
			e.Setenv("PATH", bin+string(os.PathListSeparator)+e.Getenv("PATH"))
			for _, unset := range []string{"XDG_DATA_HOME", "XDG_CONFIG_HOME", "HF_LOG_LEVEL"} {
				e.Setenv(unset, "")
			}
			e.Setenv("HOME", e.WorkDir)
			return nil
		},
	}
}
