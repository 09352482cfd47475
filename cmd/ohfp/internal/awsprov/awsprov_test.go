package awsprov_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/openhostfactory/ohfp/cmd/ohfp/internal/awsprov"
	"github.com/openhostfactory/ohfp/cmd/ohfp/internal/document"
)

func translate(t testing.TB, in string) awsprov.Template {
	t.Helper()
	n, err := document.Parse("f.json", []byte(in))
	if err != nil {
		t.Fatal(err)
	}
	return awsprov.Translate(n, func(path string) ([]byte, error) {
		if path == "/setup.sh" {
			return []byte("#!/bin/sh\necho hello\n"), nil
		}
		return nil, errors.New("no such file")
	})
}

func Example() {
	n, err := document.Parse("awsprov_templates.json", []byte(`{"templateId": "small", "vmType": "t3.small", "tenancy": "dedicated"}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	t := awsprov.Translate(n, nil)
	fmt.Printf("%s\n", t.Node.Marshal())
	for _, f := range t.Fields {
		fmt.Println(f.Name, f.Outcome, f.To)
	}
	// Output:
	// {"template_id":"small","machine_types":["t3.small"]}
	// templateId kept template_id
	// vmType mapped machine_types
	// tenancy refused
}

// The samples have the shapes of IBM's reference: an on-demand, a spot and a
// heterogeneous template of Symphony, and one of the LSF resource connector.
func TestTranslate_keeps_what_a_template_says(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"on demand": {
			`{"templateId": "Template-VM-1", "maxNumber": 20, "attributes": {"type": ["String", "X86_64"], "ncores": ["Numeric", "1"], "ncpus": ["Numeric", "1"], "nram": ["Numeric", "1024"], "rank": 0},
			  "imageId": "ami-1", "rootDeviceVolumeSize": 100, "volumeType": "gp3", "instanceTags": "company=abc;project=awscloud", "subnetId": "subnet-1", "vmType": "t2.micro", "keyName": "Key",
			  "instanceProfile": "arn:aws:iam::123456789013:instance-profile/myRole", "securityGroupIds": ["sg-1"], "userDataScript": "/setup.sh", "priceType": "ondemand"}`,
			`{"template_id":"Template-VM-1","max_number":20,"attributes":{"type":"X86_64","ncores":1,"ncpus":1,"nram":1024},"image":"ami-1","overrides":{"types":{"aws":{"root_volume_gib":100,` +
				`"root_volume_type":"gp3","subnets":["subnet-1"],"key_name":"Key","instance_profile":"arn:aws:iam::123456789013:instance-profile/myRole","security_groups":["sg-1"]}}},` +
				`"tags":{"company":"abc","project":"awscloud"},"machine_types":["t2.micro"],"user_data":"#!/bin/sh\necho hello\n","price_type":"ondemand"}`,
		},
		"spot": {
			`{"templateId": "S", "maxNumber": 10, "attributes": {"type": "X86_64", "ncpus": 2, "nram": 4096}, "subnetId": ["subnet-1", "subnet-2"], "vmTypes": {"t2.medium": 1, "a1.xlarge": 2},
			  "priceType": "spot", "allocationStrategy": "lowestPrice", "maxSpotPrice": "0.25", "launchTemplateId": "lt-1", "launchTemplateVersion": 3}`,
			`{"template_id":"S","max_number":10,"attributes":{"type":"X86_64","ncpus":2,"nram":4096},"overrides":{"types":{"aws":{"subnets":["subnet-1","subnet-2"],"allocation_strategy":"lowest-price",` +
				`"spot_max_price":0.25,"launch_template":{"id":"lt-1","version":"3"}}}},"machine_weights":{"t2.medium":1,"a1.xlarge":2},"machine_types":["t2.medium","a1.xlarge"],"price_type":"spot"}`,
		},
		"weights that a template does not take": {
			`{"templateId": "W", "vmTypes": {"a": 0.5, "b": 2}}`,
			`{"template_id":"W","machine_types":["a","b"]}`,
		},
		"heterogeneous, with priorities": {
			`{"templateId": "H", "vmTypes": {"a": 1, "b": 1, "c": 1}, "vmTypesPriority": {"b": 1, "a": 2}, "priceType": "Heterogeneous", "percentOnDemand": 40}`,
			`{"template_id":"H","machine_types":["b","a","c"],"price_type":"heterogeneous","overrides":{"types":{"aws":{"percent_on_demand":40}}}}`,
		},
		"LSF": {
			`{"templateId": "aws-vm", "maxNumber": "4", "attributes": {"type": ["String", "X86_64"], "ncpus": ["Numeric", "1"], "mem": ["Numeric", "700"], "awshost": ["Boolean", "1"], "zone": ["String", "1a"]},
			  "subnetId": "subnet-1, subnet-2", "vmType": "c4.large,m4.large", "SecurityGroupIds": "sg-1", "userData": "zone=us_west_2a", "instanceTags": {"Name": "lsf"}}`,
			`{"template_id":"aws-vm","max_number":4,"attributes":{"type":"X86_64","ncpus":1,"nram":700,"awshost":true,"zone":"1a"},"overrides":{"types":{"aws":{"subnets":["subnet-1","subnet-2"],` +
				`"security_groups":["sg-1"]}}},"machine_types":["c4.large","m4.large"],"user_data":"zone=us_west_2a","tags":{"Name":"lsf"}}`,
		},
		"none at all is an order": {`{"templateId": "N", "maxNumber": 0}`, `{"template_id":"N","max_number":0}`},
	} {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff(c.want, string(translate(t, c.in).Node.Marshal())); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestTranslate_says_of_each_field_what_becomes_of_it(t *testing.T) {
	got := translate(t, `{
		"templateId": "x", "vmTypes": {"a": 2}, "vmType": "b", "pgrpName": null, "onDemandCapacity": 0,
		"tenancy": "dedicated", "vmtype": "c", "allocationStrategy": "diversified", "userDataScript": "/gone.sh",
		"instanceTags": "a=b;a=c", "maxNumber": "many", "colour": "red", "fleetRole": "r",
		"attributes": {"priceInfo": "price:0.1", "mem": ["Numeric", "1"], "nram": [1, 2, 3], "a.b": "c"}
	}`).Fields
	want := []awsprov.Field{
		{Name: "templateId", Outcome: awsprov.Kept, To: "template_id", Line: 2},
		{Name: "vmTypes", Outcome: awsprov.Mapped, To: "machine_types", Reason: "with the weights as machine_weights, for creates in units; a scheduler's request counts machines", Line: 2},
		{Name: "vmType", Outcome: awsprov.Refused, Reason: "vmTypes says machine_types already", Line: 2},
		{Name: "pgrpName", Outcome: awsprov.Kept, Reason: "says nothing", Line: 2},
		{Name: "onDemandCapacity", Outcome: awsprov.Kept, Reason: "says nothing", Line: 2},
		{Name: "tenancy", Outcome: awsprov.Refused, Reason: "there is no such field yet: put it into a launch template, and name that in launchTemplateId", Line: 3},
		{Name: "vmtype", Outcome: awsprov.Refused, Reason: `unknown field; did you mean "vmType"?`, Line: 3},
		{Name: "allocationStrategy", Outcome: awsprov.Refused, Reason: `"diversified" has no counterpart; there are lowest-price, capacity-optimized, price-capacity-optimized and prioritized`, Line: 3},
		{Name: "userDataScript", Outcome: awsprov.Refused, Reason: "its content would become user_data, and it cannot be read here: no such file", Line: 3},
		{Name: "instanceTags", Outcome: awsprov.Refused, Reason: `want key=value;key=value, each key once; got "a=c"`, Line: 4},
		{Name: "maxNumber", Outcome: awsprov.Refused, Reason: "want a number", Line: 4},
		{Name: "colour", Outcome: awsprov.Refused, Reason: "unknown field", Line: 4},
		{Name: "fleetRole", Outcome: awsprov.Refused, Reason: "no Spot Fleet is requested, so that there is no role for one", Line: 4},
		{Name: "attributes.priceInfo", Outcome: awsprov.Refused, Reason: "a price belongs to a provider: price_per_hour", Line: 5},
		{Name: "attributes.mem", Outcome: awsprov.Mapped, To: "attributes.nram", Line: 5},
		{Name: "attributes.nram", Outcome: awsprov.Refused, Reason: "attributes.mem says attributes.nram already", Line: 5},
		{Name: "attributes.a.b", Outcome: awsprov.Kept, To: "attributes.a.b", Line: 5},
	}
	if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
		t.Error(d)
	}
}

func TestKind_sees_the_families_of_other_clouds(t *testing.T) {
	for in, want := range map[string]string{
		`{"templateId": "a", "resourceGroup": "r"}`: "azure", `{"templateId": "a", "vpc": "v"}`: "gcp", `{"podSpec": "x"}`: "kubernetes",
		`{"templateId": "a", "vmType": "t2.micro"}`: "",
	} {
		n, err := document.Parse("f.json", []byte(in))
		if err != nil {
			t.Fatal(err)
		}
		if kind, _ := awsprov.Kind(n); kind != want {
			t.Errorf("%s: got %q", in, kind)
		}
	}
}

func FuzzTranslate(f *testing.F) {
	for _, seed := range []string{`{"templateId": "a", "vmTypes": {"a": 1}, "vmTypesPriority": {"a": "1"}}`, `{"attributes": {"a": ["Numeric", "01"], "b": [[], {}]}, "instanceTags": ";=;a"}`, `{"vmTypes": "a", "subnetId": [1], "maxNumber": "1e"}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		n, err := document.Parse("f.json", []byte(in))
		if err != nil || n == nil || n.Kind != document.Object {
			return
		}
		got := translate(t, in)
		if _, err := document.Parse("f.json", got.Node.Marshal()); err != nil {
			t.Fatalf("%v: %s", err, got.Node.Marshal())
		}
		for _, field := range got.Fields {
			if field.Outcome == awsprov.Refused && field.Reason == "" || strings.HasPrefix(field.To, ".") {
				t.Fatalf("%+v", field)
			}
		}
	})
}
