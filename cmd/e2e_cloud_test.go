package cmd

import (
	"net/http/httptest"
	"strconv"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/openhostfactory/ohfp/shared/providers/aws/ec2test"
)

// cloud is a double of EC2 that a script's broker reaches.
type cloud struct {
	*ec2test.Cloud
	door *httptest.Server
}

// env leads a broker to the cloud; nothing where there is none.
func (c *cloud) env() []string {
	if c == nil {
		return nil
	}
	env := []string{"AWS_ACCESS_KEY_ID=" + ec2test.KeyID, "AWS_SECRET_ACCESS_KEY=of-the-double"}
	for _, service := range []string{"EC2", "STS", "SERVICE_QUOTAS"} {
		env = append(env, "AWS_ENDPOINT_URL_"+service+"="+c.door.URL)
	}
	return env
}

func ec2(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, "ec2 ...")
	s := siteOf(ts)
	if len(args) == 0 {
		c := ec2test.New(ec2test.Options{Now: time.Now})
		s.cloud = &cloud{c, httptest.NewServer(c)}
		ts.Setenv("IMAGE", ec2test.Image)
		ts.Setenv("SUBNET", ec2test.SubnetA)
		return
	}
	arguments(ts, neg, args, "ec2 VERB WHAT")
	switch args[0] {
	case "refuses":
		s.cloud.Trouble(ec2test.Trouble{Action: args[1], Refuse: &ec2test.Error{
			Code: "UnauthorizedOperation", Message: "You are not authorized to perform this operation.", Status: 403,
		}})
	case "made":
		want, err := strconv.Atoi(args[1])
		ts.Check(err)
		if diff := cmp.Diff([]int{want, want}, []int{s.cloud.Made(), len(s.cloud.Machines())}); diff != "" {
			ts.Fatalf("machines made and left, want (-), got (+):\n%s", diff)
		}
	default:
		ts.Fatalf("no such verb: %s", args[0])
	}
}
