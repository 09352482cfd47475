package cmd

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/openhostfactory/ohfp/shared/providers/aws/ec2test"
)

// doctor is what ohfp doctor finds: status and message by what it is about and
// the check.
func (a *account) doctor(want int) map[string]string {
	a.t.Helper()
	out, told, exit := a.asks("doctor")
	var report struct {
		Failed   int `json:"failed"`
		Findings []struct{ Of, Check, Status, Message string }
	}
	if err := json.Unmarshal([]byte(out), &report); err != nil || exit != want || (report.Failed > 0) != (want == 1) {
		a.t.Fatalf("%v, exit status %d, want %d: %s%s", err, exit, want, out, told)
	}
	found := map[string]string{}
	for _, c := range report.Findings {
		if c.Message == "" {
			a.t.Errorf("nothing is said of %+v", c)
		}
		found[c.Of+" "+c.Check] = c.Status + " " + c.Message
	}
	return found
}

func (a *account) finds(found map[string]string, check, want string) {
	a.t.Helper()
	if !strings.HasPrefix(found[check], want) {
		a.t.Errorf("%s: got %q, want %q …", check, found[check], want)
	}
}

func TestTheDoctorChecksAnAccount(t *testing.T) {
	t.Parallel()
	west := region(t, "us-west-2")
	west.Quota(ec2test.OnDemand, 64)
	a := newAccount(t, all(west)...)
	a.finds(a.doctor(0), "broker providers", "warn none is registered")
	a.must("registerProviderStrategy", fmt.Sprintf(`{"strategy_name": "west", "provider_type": "aws", "strategy_config": {"region": "us-west-2", "subnets": [%q]}}`, ec2test.SubnetA))
	found := a.doctor(0)
	for check, want := range map[string]string{
		"client token file": "ok ", "broker reachable": "ok http://", "broker clock": "ok ", "broker token": "ok ", "broker version": "ok ",
		"west health": "ok EC2 answers in us-west-2", "west credentials": "ok acts as arn:aws:iam::111122223333:user/broker in account 111122223333",
		"west region": "ok us-west-2 is enabled and has 3 zones", "west clock": "ok ", "west addresses": "ok 4091 addresses are free",
		"west quota":                 "ok vCPUs that the quotas leave: 64 of 64 on demand",
		"west ec2:DescribeInstances": "ok allowed", "west ec2:DescribeSpotInstanceRequests": "ok allowed", "west ec2:CreateLaunchTemplate": "ok allowed",
	} {
		a.finds(found, check, want)
	}
	a.finds(found, "west ec2:RunInstances", "unproven not tried: no template")
	a.equal([]int{0, 0}, []int{west.Made(), len(found) - 29})

	west.Trouble(ec2test.Trouble{Action: "DescribeSpotInstanceRequests", Refuse: &ec2test.Error{Code: "UnauthorizedOperation", Message: "You are not authorized to perform this operation.", Status: 403}})
	found = a.doctor(1)
	a.finds(found, "west health", "ok ")
	a.finds(found, "west ec2:DescribeSpotInstanceRequests", "fail EC2 refuses: You are not authorized to perform this operation (UnauthorizedOperation); allow the action")
	a.finds(found, "west ec2:DescribeImages", "ok ")

	west.Trouble(ec2test.Trouble{Action: "DescribeAvailabilityZones", Refuse: &ec2test.Error{Code: "OptInRequired", Message: "You are not subscribed to this service.", Status: 403}})
	a.finds(a.doctor(1), "west region", "fail EC2 refuses: You are not subscribed")
	west.Trouble(ec2test.Trouble{Action: "GetCallerIdentity", Refuse: &ec2test.Error{Code: "ExpiredToken", Message: "The security token included in the request is expired", Status: 403}})
	a.finds(a.doctor(1), "west credentials", "fail ")
}

func TestTheDoctorSaysWhatIsWrongWithTheBroker(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	token := filepath.Join(t.TempDir(), "token")
	// The mode is set beside, for a umask may take some of it away.
	if err := errors.Join(os.WriteFile(token, []byte("not-a-token-of-this-broker\n"), 0o600), os.Chmod(token, 0o644)); err != nil {
		t.Fatal(err)
	}
	out, _, exit := a.asks("doctor", "--token-file", token)
	if exit != 1 || !strings.Contains(out, "others may read") || !strings.Contains(out, "--token-file names the file with a token of this broker") {
		t.Errorf("exit status %d: %s", exit, out)
	}
	out, _, exit = a.asks("doctor", "--endpoint", "http://127.0.0.1:1")
	if exit != 1 || !strings.Contains(out, `"reachable"`) || strings.Contains(out, `"version"`) {
		t.Errorf("exit status %d: %s", exit, out)
	}
}
