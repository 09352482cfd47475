package providers_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/providers"
)

// kind is an opener whose drivers know their registration and no more.
type kind struct {
	name string
	lag  time.Duration
}

type opened struct {
	providers.Driver
	registration string
}

func (k kind) Kind() string             { return k.name }
func (k kind) Traits() providers.Traits { return providers.Traits{ConsistencyLag: k.lag} }
func (k kind) Open(r broker.Registration) (providers.Driver, error) {
	return opened{registration: r.Name}, nil
}

func TestASetOpensTheDriverOfARegistrationsKind(t *testing.T) {
	s, err := providers.NewSet(kind{name: "moon", lag: time.Second}, kind{name: "mars", lag: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	d, err := s.Driver(broker.Registration{Name: "olympus", Kind: "mars"})
	if got, ok := d.(opened); err != nil || !ok || got.registration != "olympus" {
		t.Errorf("driver = %v, %v", d, err)
	}
	if got := s.Traits("mars").ConsistencyLag; got != time.Minute {
		t.Errorf("lag = %s", got)
	}
	if diff := cmp.Diff([]string{"mars", "moon"}, s.Kinds()); diff != "" {
		t.Errorf("kinds (-want +got):\n%s", diff)
	}
}

func TestAKindThatIsNotInASetIsNotSupported(t *testing.T) {
	s, err := providers.NewSet(kind{name: "moon", lag: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Driver(broker.Registration{Name: "a", Kind: "pluto"}); !fault.Is(err, fault.NotSupported) || !strings.Contains(err.Error(), "pluto") {
		t.Errorf("err = %v", err)
	}
	if got := s.Traits("pluto"); got != (providers.Traits{}) {
		t.Errorf("traits = %+v", got)
	}
}

func TestAKindIsInASetOnce(t *testing.T) {
	if _, err := providers.NewSet(kind{name: "moon"}, kind{name: "moon"}); err == nil || !strings.Contains(err.Error(), `"moon"`) {
		t.Errorf("err = %v", err)
	}
}
