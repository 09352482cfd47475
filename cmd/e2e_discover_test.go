package cmd

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/openhostfactory/ohfp/shared/providers/aws/ec2test"
)

// asks runs ohfp at the account's broker, and returns what it wrote and its exit
// status.
func (a *account) asks(args ...string) (stdout, stderr string, exit int) {
	a.t.Helper()
	cmd := exec.CommandContext(a.t.Context(), filepath.Join(build(a.t), "ohfp"), append([]string{"--endpoint", a.endpoint, "--token-file", a.tokenFile()}, args...)...)
	cmd.Env = a.env
	var out, told strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &told
	if err := cmd.Run(); err != nil {
		if _, ended := errors.AsType[*exec.ExitError](err); !ended {
			a.t.Fatal(err)
		}
	}
	return out.String(), told.String(), cmd.ProcessState.ExitCode()
}

func TestWhatIsDiscoveredCanBeAppliedAsItIs(t *testing.T) {
	t.Parallel()
	west := region(t, "us-west-2")
	west.AddSubnet("subnet-0000000f", ec2test.Subnet{Zone: "us-west-2c"})
	west.AddNetwork("vpc-99999999")
	west.AddSubnet("subnet-99999999", ec2test.Subnet{Zone: "us-west-2c", Free: 9, Network: "vpc-99999999"})
	a := newAccount(t, all(west)...)
	file, told, exit := a.asks("providers", "discover", "aws", "--region", "us-west-2", "--name", "west")
	if exit != 0 {
		t.Fatalf("exit status %d: %s", exit, told)
	}
	for _, want := range []string{
		"# Proposed for account 111122223333 of AWS in us-west-2.", "\n        - subnet-0000000a  # us-west-2a, 4091 addresses free",
		"\n        # - subnet-0000000f  #", "\n        # - subnet-99999999  #", "\n        - sg-0a1b2c3d  #", "\n      # key_name: ops\n", "image: " + ec2test.PublicImage,
	} {
		if !strings.Contains(file, want) {
			t.Errorf("%q is not in:\n%s", want, file)
		}
	}
	path := filepath.Join(t.TempDir(), "site.yaml")
	if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, told, exit := a.asks("apply", "-f", path); exit != 0 || !strings.Contains(out, `"west"`) {
		t.Fatalf("apply: exit status %d: %s%s", exit, out, told)
	}
	a.template("")
	a.equal("SUCCEEDED", a.create(2).Status)
	a.equal(map[string]int{"west": 2}, held(west, registered))
	if id := west.Machines()[0].Tags["ohfp:broker"]; id == "" || !strings.Contains(file, "ohfp aws provider-role --broker "+id+" ") {
		t.Errorf("the broker tags its machines with %q; the file:\n%s", id, file)
	}
}

func TestWhatMayNotBeLookedAtIsSaidAndTheRestIsShown(t *testing.T) {
	t.Parallel()
	west := region(t, "us-west-2")
	no := &ec2test.Error{Code: "UnauthorizedOperation", Message: "You are not authorized to perform this operation.", Status: 403}
	west.Trouble(ec2test.Trouble{Action: "DescribeSubnets", Refuse: no})
	west.Trouble(ec2test.Trouble{Action: "DescribeImages", Refuse: no})
	a := newAccount(t, all(west)...)
	file, _, exit := a.asks("providers", "discover", "aws", "--region", "us-west-2")
	if exit != 0 || strings.Count(file, "# Not seen: ") != 3 || !strings.Contains(file, "# Not seen: subnets. EC2 refuses: You are not authorized") || !strings.Contains(file, "\n        - sg-0a1b2c3d") {
		t.Errorf("exit status %d:\n%s", exit, file)
	}
	west.Trouble(ec2test.Trouble{Refuse: no})
	file, told, exit := a.asks("providers", "discover", "aws", "--region", "us-west-2")
	if exit != 1 || file != "" && !json.Valid([]byte(file)) || !strings.Contains(told, "nothing of the account can be seen") {
		t.Errorf("exit status %d: %s%s", exit, file, told)
	}
}

func TestNobodyDiscoversWithCredentialsThatAreNone(t *testing.T) {
	t.Parallel()
	west := region(t, "us-west-2")
	a := newAccount(t, all(west)...)
	_, told, exit := a.asks("providers", "discover", "aws", "--region", "us-west-2", "--role-arn", "arn:aws:iam::111122223333:role/stranger")
	if exit != 1 || !strings.Contains(told, "the role arn:aws:iam::111122223333:role/stranger cannot be used") {
		t.Errorf("exit status %d: %s", exit, told)
	}
	if n := len(west.Calls("AssumeRole")); n != 1 {
		t.Errorf("it tried %d times", n)
	}
	if n := len(west.Calls("DescribeSubnets")); n != 0 {
		t.Errorf("it asked %d times without credentials", n)
	}
}
