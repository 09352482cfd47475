package fault_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/shared/fault"
)

func TestALookUpThatFindsNothingNamesTheFieldAndWhereToLook(t *testing.T) {
	found := fault.New(fault.NotFound, "There is no template %q.", "web")
	got := fault.As(fault.Lookup(found, "template_id", "listTemplates shows those that are stored."))
	want := &fault.Error{
		Code: fault.NotFound, Detail: `There is no template "web". listTemplates shows those that are stored.`,
		Fields: []fault.Field{{Field: "template_id", Message: `There is no template "web". listTemplates shows those that are stored.`}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if found.Fields != nil {
		t.Error("the error that was given has changed")
	}
}

func TestALookUpThatFailsOtherwiseIsLeftAsItIs(t *testing.T) {
	for _, err := range []error{nil, errors.New("disk full"), fault.New(fault.StoreUnavailable, "closed")} {
		if got := fault.Lookup(err, "template_id", "look"); !errors.Is(got, err) {
			t.Errorf("got %v, want %v", got, err)
		}
	}
}
