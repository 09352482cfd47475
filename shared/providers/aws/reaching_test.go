package aws_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/providers"
	"github.com/openhostfactory/ohfp/shared/providers/aws"
	"github.com/openhostfactory/ohfp/shared/providers/aws/ec2test"
	"github.com/openhostfactory/ohfp/shared/providers/config"
)

const roleARN = "arn:aws:iam::111122223333:role/ohfp-provider-west"

func inRole(externalID string) func(*config.AWS) {
	return func(c *config.AWS) { c.RoleARN, c.ExternalID = roleARN, externalID }
}

func TestARoleIsAssumedWithTheExternalId(t *testing.T) {
	s := newSite(t, inRole("ours"))
	s.AddRole(roleARN, "ours")
	s.clock.Advance(time.Since(s.clock.Now())) // the SDK's own clock says whether credentials are old
	s.create(order("a", 1, template()))
	s.create(order("b", 1, template()))
	calls := s.Calls("AssumeRole")
	if len(calls) != 1 {
		t.Fatalf("the role was assumed %d times", len(calls))
	}
	if got := calls[0].Params["RoleSessionName"]; got != "ohfp-aws-west" {
		t.Errorf("the session is %q", got)
	}
}

func TestARoleThatCannotBeAssumedIsAuthAndNothingIsSent(t *testing.T) {
	for name, prepare := range map[string]func(*site){
		"a role that is missing": func(*site) {},
		"another's external id":  func(s *site) { s.AddRole(roleARN, "another's") },
		"an answer that is lost": func(s *site) { s.Trouble(ec2test.Trouble{Action: "AssumeRole", Lose: true}) },
		"a code that nobody knows": func(s *site) {
			s.Trouble(ec2test.Trouble{Action: "AssumeRole", Refuse: &ec2test.Error{Code: "MalformedPolicyDocument", Message: "no"}})
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, inRole("ours"))
			prepare(s)
			_, err := s.driver.Create(t.Context(), order("a", 1, template()))
			p := fault.AsProvider(err)
			if p == nil || p.Sent || p.Ambiguous() {
				t.Fatalf("got %v", err)
			}
			if name == "an answer that is lost" {
				if p.Class != fault.Down {
					t.Errorf("got %v", p)
				}
			} else if name != "a code that nobody knows" && p.Class != fault.Auth {
				t.Errorf("got %v", p)
			}
			if p.Class == fault.Auth && !strings.Contains(p.Message, "the role "+roleARN+" cannot be used") {
				t.Errorf("the message is %q", p.Message)
			}
			if n := len(s.Calls("RunInstances")); n != 0 {
				t.Errorf("machines were asked for %d times", n)
			}
		})
	}
}

func TestCredentialsThatAreMissingOrRevokedAreAuth(t *testing.T) {
	s := newSite(t)
	for name, reach := range map[string]func(context.Context, string) (awssdk.Config, error){
		"there are none": func(context.Context, string) (awssdk.Config, error) {
			return awssdk.Config{BaseEndpoint: new(s.URL())}, nil
		},
		"they cannot be had": func(context.Context, string) (awssdk.Config, error) {
			return awssdk.Config{BaseEndpoint: new(s.URL()), Credentials: failing{}}, nil
		},
		"no profile of the name": func(context.Context, string) (awssdk.Config, error) {
			return awssdk.Config{}, errors.New("no such profile")
		},
		"AWS knows no such key": func(context.Context, string) (awssdk.Config, error) {
			return awssdk.Config{BaseEndpoint: new(s.URL()), Credentials: static("AKIDOFNOBODY")}, nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			s.opener = s.open(reach)
			_, err := s.register(config.AWS{Region: s.Region()}).Create(t.Context(), order("a", 1, template()))
			if p := fault.AsProvider(err); p == nil || p.Class != fault.Auth || p.Message == "" {
				t.Errorf("got %v", err)
			}
		})
	}
	if n := s.Made(); n != 0 {
		t.Errorf("%d machines were made", n)
	}
}

type failing struct{}

func (failing) Retrieve(context.Context) (awssdk.Credentials, error) {
	return awssdk.Credentials{}, errors.New("the helper exited with status 1")
}

// endpoint opens a driver whose registration names an endpoint.
func endpoint(t *testing.T, url string, allow ...netip.Prefix) providers.Driver {
	t.Helper()
	o, err := aws.New(aws.Options{
		Config: func(context.Context, string) (awssdk.Config, error) {
			return awssdk.Config{Credentials: static(ec2test.KeyID)}, nil
		},
		Machines: &records{}, Now: newClock().Now, Allow: allow,
	})
	if err != nil {
		t.Fatal(err)
	}
	d, err := o.Open(broker.Registration{Name: "cloud", Kind: "aws", Config: []byte(`{"region":"us-west-2","endpoint_url":"` + url + `"}`)})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestAnEndpointIsCalledWhereAddressesAllowIt(t *testing.T) {
	s := newSite(t)
	if _, err := endpoint(t, s.URL()).Create(t.Context(), order("a", 1, template())); err != nil {
		t.Errorf("anywhere: %v", err)
	}
	if _, err := endpoint(t, s.URL(), netip.MustParsePrefix("127.0.0.0/8")).Create(t.Context(), order("b", 1, template())); err != nil {
		t.Errorf("among others: %v", err)
	}
	_, err := endpoint(t, s.URL(), netip.MustParsePrefix("10.0.0.0/8")).Create(t.Context(), order("c", 1, template()))
	p := fault.AsProvider(err)
	if p == nil || p.Class != fault.OfferingConfig || p.Sent || !strings.Contains(p.Message, "127.0.0.1, which is not among the addresses") {
		t.Errorf("elsewhere: %v", err)
	}
	if n := s.Made(); n != 2 {
		t.Errorf("%d machines were made", n)
	}
}

func TestAnEndpointDoesNotSendTheCallElsewhere(t *testing.T) {
	asked := 0
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
	t.Cleanup(other.Close)
	first := httptest.NewServer(http.RedirectHandler(other.URL, http.StatusTemporaryRedirect))
	t.Cleanup(first.Close)
	_, err := endpoint(t, first.URL).Create(t.Context(), order("a", 1, template()))
	if p := fault.AsProvider(err); p == nil || !p.Ambiguous() || asked != 0 {
		t.Errorf("got %v; the other was asked %d times", err, asked)
	}
}

func TestADriverIsKeptWhileItsConfigurationIsTheSame(t *testing.T) {
	s := newSite(t)
	open := func(raw string) providers.Driver {
		t.Helper()
		d, err := s.opener.Open(broker.Registration{Name: west, Kind: "aws", Config: []byte(raw)})
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	first := open(`{"region":"us-west-2"}`)
	if again := open(`{"region":"us-west-2"}`); again != first {
		t.Error("the same configuration gave another driver")
	}
	if changed := open(`{"region":"us-east-1"}`); changed == first {
		t.Error("another configuration gave the same driver")
	}
}

func TestWhatCannotBeOpenedSaysWhy(t *testing.T) {
	s := newSite(t)
	cases := map[string]struct {
		registration broker.Registration
		want         string
	}{
		"another kind":                   {broker.Registration{Kind: "static"}, `"static" is not an account of AWS`},
		"a configuration that is wrong":  {broker.Registration{Kind: "aws", Config: []byte(`{"region":"here"}`)}, "is not a region of AWS"},
		"a profile where there are none": {broker.Registration{Kind: "aws", Config: []byte(`{"region":"us-west-2","profile":"p"}`)}, "give role_arn instead"},
	}
	o, err := aws.New(aws.Options{Config: s.reach, Machines: s.records, Now: s.clock.Now, NoFiles: true})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range cases {
		if _, err := o.Open(c.registration); !fault.Is(err, fault.InvalidRequest) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	for _, missing := range []aws.Options{{Machines: s.records, Now: s.clock.Now}, {Config: s.reach, Now: s.clock.Now}, {Config: s.reach, Machines: s.records}} {
		if _, err := aws.New(missing); err == nil {
			t.Errorf("%+v is enough", missing)
		}
	}
	if lag := o.Traits().ConsistencyLag; lag != 2*time.Minute {
		t.Errorf("the lag is %s", lag)
	}
}

// asked is a context whose time is over when machines were asked for, and not
// by a clock, which may be quicker.
type asked struct {
	context.Context //nolint:containedctx // it is one

	over chan struct{}
}

func (s *site) untilAsked() asked {
	a := asked{s.tb.Context(), make(chan struct{})}
	go func() {
		defer close(a.over)
		for tick := time.Tick(time.Millisecond); len(s.Calls("RunInstances")) == 0; {
			select {
			case <-tick:
			case <-a.Context.Done():
				return
			}
		}
	}()
	return a
}

func (a asked) Done() <-chan struct{} { return a.over }

func (a asked) Err() error {
	select {
	case <-a.over:
		return context.DeadlineExceeded
	default:
		return nil
	}
}

func TestASlowAnswerIsATimeOutThatMayHaveHadItsEffect(t *testing.T) {
	s := newSite(t)
	never := make(chan struct{})
	s.Trouble(ec2test.Trouble{Action: "RunInstances", Slow: never, Times: 1})
	spec := order("a", 2, template())
	_, err := s.driver.Create(s.untilAsked(), spec)
	if p := fault.AsProvider(err); p == nil || p.Class != fault.Timeout || !p.Ambiguous() {
		t.Errorf("got %v", err)
	}
	if r := s.create(spec); len(r.Machines) != 2 || s.Made() != 2 {
		t.Errorf("the replay answered %d, %d were made", len(r.Machines), s.Made())
	}
}

func TestThrottlingSaysWhenToComeBack(t *testing.T) {
	s := newSite(t)
	for after, want := range map[time.Duration]time.Duration{0: 5 * time.Second, 17 * time.Second: 17 * time.Second} {
		s.Trouble(ec2test.Trouble{Action: "RunInstances", Times: 1, RetryAfter: after, Refuse: &ec2test.Error{Code: "RequestLimitExceeded", Message: "no", Status: 503}})
		_, err := s.driver.Create(t.Context(), order("a", 1, template()))
		if p := fault.AsProvider(err); p == nil || p.RetryAfter != want {
			t.Errorf("got %v", err)
		}
	}
}

func TestALookUpBesideACreationThatFailsLosesNoMachine(t *testing.T) {
	s := newSite(t)
	s.Trouble(ec2test.Trouble{Action: "DescribeInstances", Refuse: &ec2test.Error{Code: "RequestLimitExceeded", Message: "no", Status: 503}})
	r := s.create(order("a", 2, template(types(ec2test.TypeLarge, ec2test.TypeCompute))))
	if diff := cmp.Diff(s.Exist(), idsOf(r.Machines)); diff != "" {
		t.Errorf("-exist +got:\n%s", diff)
	}
}

// The SDK closes a request's body when its answer begins; a transport that is
// still at the body's end must not lose the answer over that.
func TestAnAnswerThatComesAtOnceIsReadToItsEnd(t *testing.T) {
	s := newSite(t)
	for n := range 100 {
		s.clock.Advance(time.Hour)
		r := s.create(order(fmt.Sprintf("op-%d", n), 100, template()))
		s.terminate(idsOf(r.Machines)...)
	}
}
