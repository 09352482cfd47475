package config_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/providers/config"
	"github.com/openhostfactory/ohfp/shared/wire"
)

func TestCheckKind(t *testing.T) {
	cases := []struct {
		kind   string
		code   fault.Code
		detail string
	}{
		{"static", "", ""},
		{"aws", "", ""},
		{"azure", fault.NotSupported, `provider_type: the kind "azure" is planned and not built yet; known: static, aws`},
		{"gcp", fault.NotSupported, `provider_type: the kind "gcp" is planned and not built yet; known: static, aws`},
		{"kubernetes", fault.NotSupported, `provider_type: the kind "kubernetes" is planned and not built yet; known: static, aws`},
		{"AWS", fault.InvalidRequest, `provider_type: "AWS" is not a kind of provider; did you mean "aws"?`},
		{"statc", fault.InvalidRequest, `provider_type: "statc" is not a kind of provider; did you mean "static"?`},
		{"kubernets", fault.InvalidRequest, `provider_type: "kubernets" is not a kind of provider; did you mean "kubernetes"?`},
		{"mainframe", fault.InvalidRequest, `provider_type: "mainframe" is not a kind of provider; known: static, aws`},
		{"", fault.InvalidRequest, `provider_type: "" is not a kind of provider; known: static, aws`},
	}
	for _, c := range cases {
		t.Run(c.kind, func(t *testing.T) {
			err := fault.As(config.CheckKind(c.kind))
			if c.code == "" {
				if err != nil {
					t.Errorf("got %v", err)
				}
				return
			}
			if err == nil || err.Code != c.code || err.Detail != c.detail {
				t.Errorf("got  %v\nwant %s: %s", err, c.code, c.detail)
			}
		})
	}
}

func TestCheckConfig_returns_what_is_stored(t *testing.T) {
	cases := []struct {
		name, kind, given, want string
		warnings                []string
	}{
		{
			name: "a pool with defaults", kind: "static",
			given: `{"hosts":[{"name":"a","address":"10.0.0.1:22"}]}`,
			want:  `{"hosts":[{"name":"a","address":"10.0.0.1:22"}],"check":{"kind":"tcp","timeout_ms":1000},"lease_seconds":3600}`,
		},
		{
			name: "a pool with everything", kind: "static",
			given: `{"check":{"path":"/up","timeout_ms":50,"kind":"HTTP","port":80},"return_command":"clean","lease_command":"prepare","lease_seconds":60,
				"hosts":[{"zone":"z","price_per_hour":0,"attributes":{"type":"X86_64","ncpus":4},"address":"node-1.example.org","name":"node-1.example.org"},{"name":"b","address":"[2001:db8::2]"},{"name":"c","address":"2001:db8::1"}]}`,
			want: `{"hosts":[{"name":"node-1.example.org","address":"node-1.example.org","attributes":{"ncpus":4,"type":"X86_64"},"price_per_hour":0,"zone":"z"},{"name":"b","address":"[2001:db8::2]"},{"name":"c","address":"2001:db8::1"}],"check":{"kind":"http","port":80,"path":"/up","timeout_ms":50},"lease_seconds":60,"lease_command":"prepare","return_command":"clean"}`,
		},
		{
			name: "an http check has a path", kind: "static",
			given: `{"hosts_file":"hall-1","check":{"kind":"http"}}`,
			want:  `{"hosts_file":"hall-1","check":{"kind":"http","path":"/","timeout_ms":1000},"lease_seconds":3600}`,
		},
		{
			name: "one host under two names", kind: "static",
			given:    `{"hosts":[{"name":"a","address":"10.0.0.1:22"},{"name":"b","address":"10.0.0.1:22"}],"lease_command":"prepare"}`,
			want:     `{"hosts":[{"name":"a","address":"10.0.0.1:22"},{"name":"b","address":"10.0.0.1:22"}],"check":{"kind":"tcp","timeout_ms":1000},"lease_seconds":3600,"lease_command":"prepare"}`,
			warnings: []string{"strategy_config.hosts[1] and strategy_config.hosts[0] have the same address: one host counts as two", "lease_command is set and return_command is not: nothing undoes what the lease command did"},
		},
		{
			name: "the account of the guide", kind: "aws",
			given:    `{"region":"us-west-2","profile":"production"}`,
			want:     `{"region":"us-west-2","profile":"production"}`,
			warnings: []string{`profile "production" is read from the broker's own machine; a broker that runs on AWS needs role_arn`},
		},
		{
			name: "an account by role", kind: "aws",
			given: `{"role_arn":"arn:aws:iam::123456789012:role/ohfp-provider-a","external_id":"x1","region":"eu-central-1","subnets":["subnet-0a1b2c3d"],"security_groups":["sg-0a1b2c3d"],"instance_profile":"nodes","key_name":"ops","machine_prices":{"m7i.large":0.1}}`,
			want:  `{"region":"eu-central-1","role_arn":"arn:aws:iam::123456789012:role/ohfp-provider-a","external_id":"x1","subnets":["subnet-0a1b2c3d"],"security_groups":["sg-0a1b2c3d"],"instance_profile":"nodes","key_name":"ops","machine_prices":{"m7i.large":0.1}}`,
		},
		{
			name: "a role that anybody may use", kind: "aws",
			given:    `{"role_arn":"arn:aws:iam::123456789012:role/a","region":"eu-central-1"}`,
			want:     `{"region":"eu-central-1","role_arn":"arn:aws:iam::123456789012:role/a"}`,
			warnings: []string{"role_arn without external_id: anybody who may use this broker's account can be made to act in that role"},
		},
		{
			name: "a compatible cloud", kind: "aws",
			given: `{"region":"RegionOne","endpoint_url":"https://ec2.example.org:8773/v1"}`,
			want:  `{"region":"RegionOne","endpoint_url":"https://ec2.example.org:8773/v1"}`,
		},
		{
			name: "a double on the broker's machine", kind: "aws",
			given: `{"region":"local","endpoint_url":"http://127.0.0.1:4566"}`,
			want:  `{"region":"local","endpoint_url":"http://127.0.0.1:4566"}`,
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, warnings, err := config.CheckConfig(c.kind, json.RawMessage(c.given))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, string(got)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if diff := cmp.Diff(c.warnings, warnings); diff != "" {
				t.Errorf("warnings (-want +got):\n%s", diff)
			}
			again, _, err := config.CheckConfig(c.kind, got)
			if err != nil || string(again) != string(got) {
				t.Errorf("checked again it is %s, %v", again, err)
			}
		})
	}
}

func hosts(list string) string { return `{"hosts":[` + list + `]}` }

func TestCheckConfig_refuses(t *testing.T) {
	many := strings.TrimSuffix(strings.Repeat(`{"name":"a","address":"b:1"},`, 401), ",")
	cases := []struct {
		name, kind, given, field, message string
	}{
		{"nothing", "static", ``, "strategy_config", "required: what the static provider is made of"},
		{"null", "static", `null`, "strategy_config", "required: what the static provider is made of"},
		{"a list", "static", `[]`, "strategy_config", "want an object, got a list"},
		{"an unknown key", "static", `{"host":[]}`, "strategy_config.host", `unknown key; did you mean "hosts"?`},
		{"a doubled key", "static", `{"hosts_file":"a","hosts_file":"a"}`, "strategy_config.hosts_file", "the key is given twice"},
		{"no hosts", "static", `{}`, "strategy_config.hosts", "required: at least one host, or hosts_file"},
		{"an empty list of hosts", "static", hosts(""), "strategy_config.hosts", "required: at least one host, or hosts_file"},
		{"two lists of hosts", "static", `{"hosts":[{"name":"a","address":"b:1"}],"hosts_file":"c"}`, "strategy_config.hosts_file", "give hosts or hosts_file, not both"},
		{"a path for a file", "static", `{"hosts_file":"/etc/hosts"}`, "strategy_config.hosts_file", `"/etc/hosts" is not a name: want 1 to 64 letters, digits, - and _, beginning with a letter or digit`},
		{"a command line for a command", "static", `{"hosts_file":"a","lease_command":"rm -rf /"}`, "strategy_config.lease_command", `"rm -rf /" is not a name: want 1 to 64 letters, digits, - and _, beginning with a letter or digit`},
		{"too many hosts", "static", hosts(many), "strategy_config.hosts", "want at most 400 items, got 401"},
		{"a host without an address", "static", hosts(`{"name":"a"}`), "strategy_config.hosts[0].address", "required"},
		{"two hosts of one name", "static", hosts(`{"name":"a","address":"b:1"},{"name":"a","address":"c:1"}`), "strategy_config.hosts[1].name", `"a" is the name of strategy_config.hosts[0] too`},
		{"a bad name", "static", hosts(`{"name":"a b","address":"b:1"}`), "strategy_config.hosts[0].name", `"a b" is not a host's name: want letters, digits, ., - and _, beginning with a letter or digit`},
		{"no port", "static", hosts(`{"name":"a","address":"b"}`), "strategy_config.hosts[0].address", "no port to check: write host:port, or set check.port, or check.kind none"},
		{"a bad port", "static", hosts(`{"name":"a","address":"b:70000"}`), "strategy_config.hosts[0].address", `"70000" is not a port: want 1 to 65535`},
		{"port 0", "static", hosts(`{"name":"a","address":"b:0"}`), "strategy_config.hosts[0].address", `"0" is not a port: want 1 to 65535`},
		{"a URL for an address", "static", hosts(`{"name":"a","address":"http://b/"}`), "strategy_config.hosts[0].address", "want a host name or IP address, with or without :port"},
		{"a metadata address", "static", hosts(`{"name":"a","address":"169.254.169.254:80"}`), "strategy_config.hosts[0].address", "this address is never called: 169.254.169.254 is link-local, where clouds serve instance credentials"},
		{"the same in IPv6", "static", hosts(`{"name":"a","address":"[fd00:ec2::254]:80"}`), "strategy_config.hosts[0].address", "this address is never called: fd00:ec2::254 is the metadata address of AWS"},
		{"no cores", "static", hosts(`{"name":"a","address":"b:1","attributes":{"ncpus":0}}`), "strategy_config.hosts[0].attributes.ncpus", "want a number above 0"},
		{"an attribute of many values", "static", hosts(`{"name":"a","address":"b:1","attributes":{"disks":["a"]}}`), "strategy_config.hosts[0].attributes.disks", "want text, a number, true or false"},
		{"an attribute without a value", "static", hosts(`{"name":"a","address":"b:1","attributes":{"gpu":null}}`), "strategy_config.hosts[0].attributes.gpu", "want text, a number, true or false"},
		{"a negative price", "static", hosts(`{"name":"a","address":"b:1","price_per_hour":-1}`), "strategy_config.hosts[0].price_per_hour", "want 0 or more, got -1"},
		{"an unknown check", "static", `{"hosts_file":"a","check":{"kind":"icmp"}}`, "strategy_config.check.kind", `"icmp" is none of tcp, http, none`},
		{"a path without http", "static", `{"hosts_file":"a","check":{"path":"/up"}}`, "strategy_config.check.path", "only an http check has a path"},
		{"a path that is a URL", "static", `{"hosts_file":"a","check":{"kind":"http","path":"http://b/"}}`, "strategy_config.check.path", "want a path that begins with / and has no spaces"},
		{"a path with a line break", "static", `{"hosts_file":"a","check":{"kind":"http","path":"/\r\nHost: b"}}`, "strategy_config.check.path", "want a path that begins with / and has no spaces"},
		{"a port without a check", "static", `{"hosts_file":"a","check":{"kind":"none","port":22}}`, "strategy_config.check.port", "kind none checks no port"},
		{"a short lease", "static", `{"hosts_file":"a","lease_seconds":59}`, "strategy_config.lease_seconds", "want 60 to 2592000, got 59"},
		{"a password", "static", hosts(`{"name":"a","address":"b:1","attributes":{"root_password":"x"}}`), "strategy_config.hosts[0].attributes.root_password", "a secret is never stored here: name a profile, role or file instead"},
		{"an access key", "aws", `{"region":"us-west-2","access_key_id":"AKIA"}`, "strategy_config.access_key_id", "a secret is never stored here: name a profile, role or file instead"},
		{"a secret in camel case", "aws", `{"region":"us-west-2","awsSecretAccessKey":"x"}`, "strategy_config.awsSecretAccessKey", "a secret is never stored here: name a profile, role or file instead"},
		{"a session token", "aws", `{"region":"us-west-2","Session-Token":"x"}`, "strategy_config.Session-Token", "a secret is never stored here: name a profile, role or file instead"},
		{"no region", "aws", `{"profile":"a"}`, "strategy_config.region", "required"},
		{"no region of AWS", "aws", `{"region":"here"}`, "strategy_config.region", `"here" is not a region of AWS, such as us-west-2; a compatible cloud needs endpoint_url too`},
		{"a role that is none", "aws", `{"region":"us-west-2","role_arn":"admin"}`, "strategy_config.role_arn", "want arn:aws:iam::<12 digits>:role/<name>"},
		{"an external id without a role", "aws", `{"region":"us-west-2","external_id":"ab"}`, "strategy_config.external_id", "only a role has an external id: give role_arn too"},
		{"a subnet that is none", "aws", `{"region":"us-west-2","subnets":["10.0.0.0/8"]}`, "strategy_config.subnets[0]", `"10.0.0.0/8" is not the id of a subnet, such as subnet-0a1b2c3d`},
		{"a group that is none", "aws", `{"region":"us-west-2","security_groups":["default"]}`, "strategy_config.security_groups[0]", `"default" is not the id of a security group, such as sg-0a1b2c3d`},
		{"an endpoint without encryption", "aws", `{"region":"a","endpoint_url":"http://ec2.example.org"}`, "strategy_config.endpoint_url", "want https; http is for the broker's own machine only"},
		{"an endpoint with a password", "aws", `{"region":"a","endpoint_url":"https://a:b@ec2.example.org"}`, "strategy_config.endpoint_url", "a secret is never stored here: no user or password in the URL"},
		{"an endpoint with a query", "aws", `{"region":"a","endpoint_url":"https://ec2.example.org/?a=b"}`, "strategy_config.endpoint_url", "want no query and no fragment"},
		{"an endpoint that is none", "aws", `{"region":"a","endpoint_url":"ec2.example.org"}`, "strategy_config.endpoint_url", "want a URL such as https://ec2.example.org"},
		{"an endpoint of credentials", "aws", `{"region":"a","endpoint_url":"https://169.254.169.254"}`, "strategy_config.endpoint_url", "this address is never called: 169.254.169.254 is link-local, where clouds serve instance credentials"},
		{"a negative price by type", "aws", `{"region":"us-west-2","machine_prices":{"a":-1}}`, "strategy_config.machine_prices.a", "want 0 or more, got -1"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, _, err := config.CheckConfig(c.kind, json.RawMessage(c.given))
			e := fault.As(err)
			if e == nil || e.Code != fault.InvalidRequest || len(e.Fields) == 0 {
				t.Fatalf("got %v, want an invalid request", err)
			}
			want := fault.Field{Field: c.field, Message: c.message}
			if diff := cmp.Diff(want, e.Fields[0]); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if !strings.HasPrefix(e.Detail, c.field) {
				t.Errorf("the detail is %q", e.Detail)
			}
		})
	}
}

func TestCheckConfig_refuses_kinds_that_it_does_not_know(t *testing.T) {
	for kind, code := range map[string]fault.Code{"azure": fault.NotSupported, "x": fault.InvalidRequest} {
		if _, _, err := config.CheckConfig(kind, json.RawMessage(`{}`)); !fault.Is(err, code) {
			t.Errorf("%s: got %v, want %s", kind, err, code)
		}
	}
}

func TestCheckConfig_refuses_what_is_too_large(t *testing.T) {
	_, _, err := config.CheckConfig("static", json.RawMessage(`{"password":"`+strings.Repeat("x", wire.DefaultBody)+`"}`))
	if !fault.Is(err, fault.TooLarge) {
		t.Errorf("got %v", err)
	}
}

func TestCheckConfig_reports_all_hosts_at_once_and_shortens_the_detail(t *testing.T) {
	_, _, err := config.CheckConfig("static", json.RawMessage(hosts(`{"name":"a","address":"b"},{"name":"a","address":"c"},{"name":"-","address":"d:1"}`)))
	e := fault.As(err)
	if e == nil || len(e.Fields) != 4 || !strings.HasSuffix(e.Detail, "; and 1 more") {
		t.Errorf("got %v", err)
	}
}

// A secret that was sent by mistake must not come back in an error.
func TestCheckConfig_never_echoes_a_secret(t *testing.T) {
	_, _, err := config.CheckConfig("aws", json.RawMessage(`{"region":"us-west-2","secret_access_key":"c4n4ry"}`))
	if err == nil || strings.Contains(err.Error(), "c4n4ry") {
		t.Errorf("got %v", err)
	}
}

func TestSchemas_are_well_formed(t *testing.T) {
	for _, v := range []any{config.Static{}, config.AWS{}, config.AWSTemplate{}} {
		if err := wire.SchemaOf(reflect.TypeOf(v)).CheckRequest(); err != nil {
			t.Errorf("%T: %v", v, err)
		}
	}
}
