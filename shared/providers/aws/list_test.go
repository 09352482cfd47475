package aws_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/providers/aws/ec2test"
)

func TestAListHoldsWhatThisBrokerMadeHereAndHasNotEnded(t *testing.T) {
	s := newSite(t)
	spec := order("op", 3, template())
	made := s.create(spec).Machines
	stranger := order("op", 2, template())
	stranger.BrokerID, stranger.Token = "another broker", "another token"
	s.create(stranger)
	s.terminate(made[0].ID)
	got, err := s.driver.List(t.Context(), spec.BrokerID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(made[1:], got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	s.Trouble(ec2test.Trouble{Action: "DescribeInstances", Refuse: &ec2test.Error{Code: "InternalError", Message: "no", Status: 500}})
	if got, err := s.driver.List(t.Context(), spec.BrokerID); fault.AsProvider(err) == nil {
		t.Errorf("a look-up that failed is a list of %d", len(got))
	}
}
