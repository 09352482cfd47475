package main

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/cmd/ohfp/internal/document"
	"github.com/openhostfactory/ohfp/shared/dispatch"
	"github.com/openhostfactory/ohfp/shared/providers"
)

func looked(change func(*providers.Discovery)) dispatch.DiscoveredAWS {
	d := providers.Discovery{
		Account: "111122223333", Identity: "arn:aws:iam::111122223333:user/broker",
		Networks: []providers.Network{{ID: "vpc-1", Default: true}, {ID: "vpc-2"}},
		Subnets: []providers.Subnet{
			{ID: "subnet-a", Network: "vpc-1", Zone: "us-west-2a", Free: 251, Public: true},
			{ID: "subnet-b", Network: "vpc-1", Zone: "us-west-2b"},
			{ID: "subnet-c", Network: "vpc-2", Zone: "us-west-2a", Free: 9, Name: "of\nothers"},
		},
		SecurityGroups: []providers.SecurityGroup{{ID: "sg-1", Name: "default", Network: "vpc-1"}, {ID: "sg-2", Name: "x: #y", Network: "vpc-2"}},
		KeyNames:       []string{"my key"},
		Images:         []providers.Image{{ID: "ami-1", Name: "golden", Own: true, Created: time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)}},
	}
	change(&d)
	return dispatch.DiscoveredAWS{BrokerID: "7f1e2d3c-0000-4000-8000-000000000001", Registration: json.RawMessage(`{"region": "us-west-2"}`), Discovery: d}
}

const whole = `# Proposed for account 111122223333 of AWS in us-west-2.
# Looked at as arn:aws:iam::111122223333:user/broker.
# For a role of the account's own: ohfp aws provider-role --broker 7f1e2d3c-0000-4000-8000-000000000001 --help
# Lines that begin with # are choices: take it away from those that you want.
# Then: ohfp apply -f THIS_FILE --dry-run
providers:
  - strategy_name: aws-us-west-2
    provider_type: aws
    strategy_config:
      region: us-west-2
      # Subnets: one or more for each zone; machines are started in any of them.
      subnets:
        - subnet-a  # us-west-2a, 251 addresses free, public addresses, network vpc-1
        # - subnet-b  # us-west-2b, 0 addresses free, private, network vpc-1
        # - subnet-c  # us-west-2a, 9 addresses free, private, network vpc-2 of others
      # Security groups: of the network of the subnets; without one it is the network's default.
      security_groups:
        - sg-1  # default, network vpc-1
        # - sg-2  # x: #y, network vpc-2
      # key_name: "my key"
      # instance_profile: NAME  # is not looked up; see: aws iam list-instance-profiles

# The beginning of a template: take one image, and the machine types that you want.
# templates:
#   - template_id: worker
#     machine_types: [m7i.large, m7a.large]
#     image: ami-1  # golden, of the account, 2026-01-05
`

func TestAProposalTakesWhatIsCertainAndLeavesTheRestAsComments(t *testing.T) {
	if diff := cmp.Diff(whole, proposed(t, looked(func(*providers.Discovery) {}))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func proposed(t *testing.T, a dispatch.DiscoveredAWS) string {
	t.Helper()
	text, err := proposal(a, "")
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestNothingIsProposedOfWhatNoBrokerSaid(t *testing.T) {
	for _, config := range []string{"", "null and void", `["us-west-2"]`} {
		a := looked(func(*providers.Discovery) {})
		a.Registration = []byte(config)
		if text, err := proposal(a, ""); err == nil || text != "" {
			t.Errorf("of %q: %q", config, text)
		}
	}
}

// configured is the strategy_config that apply would read.
func configured(t *testing.T, text string) string {
	t.Helper()
	n, err := document.Parse(".yaml", []byte(text))
	if err != nil {
		t.Fatalf("%v:\n%s", err, text)
	}
	if n.Get("templates") != nil {
		t.Error("there is a template that nobody chose")
	}
	return string(n.Get("providers").Elems[0].Get("strategy_config").Marshal())
}

func TestWhatIsNoOneChoiceIsLeftToTheReader(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*providers.Discovery)
		want   string
	}{
		"a default network":    {func(*providers.Discovery) {}, `{"region":"us-west-2","subnets":["subnet-a"],"security_groups":["sg-1"]}`},
		"no default network":   {func(d *providers.Discovery) { d.Networks[0].Default = false }, `{"region":"us-west-2"}`},
		"the only network":     {func(d *providers.Discovery) { d.Networks = d.Networks[1:] }, `{"region":"us-west-2","subnets":["subnet-c"],"security_groups":["sg-2"]}`},
		"two groups":           {func(d *providers.Discovery) { d.SecurityGroups[1].Network = "vpc-1" }, `{"region":"us-west-2","subnets":["subnet-a"]}`},
		"no address left":      {func(d *providers.Discovery) { d.Subnets[0].Free = 0 }, `{"region":"us-west-2","security_groups":["sg-1"]}`},
		"nothing but a region": {func(d *providers.Discovery) { *d = providers.Discovery{} }, `{"region":"us-west-2"}`},
		"what was not to be seen": {func(d *providers.Discovery) {
			d.Subnets, d.Unseen = nil, []providers.Unseen{{What: "subnets", Message: "no.\nproviders: []"}}
		}, `{"region":"us-west-2","security_groups":["sg-1"]}`},
	} {
		t.Run(name, func(t *testing.T) {
			if got := configured(t, proposed(t, looked(c.change))); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestNamesThatYAMLWouldReadOtherwiseAreQuoted(t *testing.T) {
	for text, want := range map[string]string{
		"subnet-1": "subnet-1", "arn:aws:iam::111122223333:role/a@b": "arn:aws:iam::111122223333:role/a@b", "yes": `"yes"`, "Null": `"Null"`,
		"1e5": `"1e5"`, "0012": `"0012"`, "a b": `"a b"`, "a: b": `"a: b"`, "-a": `"-a"`, "": `""`, "a\"b\n": `"a\"b\n"`, "*a": `"*a"`, "a:": `"a:"`,
	} {
		if got := scalar(text); got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}
