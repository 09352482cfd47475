package static

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/shared/providers/config"
)

func TestMatches(t *testing.T) {
	host := config.Host{Attributes: map[string]any{"ncpus": 8.0, "nram": "16384", "type": "X86_64", "gpu": true, "rack": "7"}}
	cases := []struct {
		name   string
		wanted map[string]any
		want   bool
	}{
		{"a template without attributes matches", nil, true},
		{"as many cores as asked", map[string]any{"ncpus": 8.0}, true},
		{"more cores than asked", map[string]any{"ncpus": 2.0}, true},
		{"fewer cores than asked", map[string]any{"ncpus": 9.0}, false},
		{"numbers as text are numbers", map[string]any{"ncpus": "4", "nram": 16384.0}, true},
		{"memory as text is not compared as text", map[string]any{"nram": "9000"}, true},
		{"other attributes must be equal", map[string]any{"type": "X86_64"}, true},
		{"other attributes are compared as written", map[string]any{"type": "x86_64"}, false},
		{"other numbers must be equal, not more", map[string]any{"rack": 6.0}, false},
		{"other numbers are compared by value", map[string]any{"rack": 7.0}, true},
		{"truth", map[string]any{"gpu": true}, true},
		{"falsehood", map[string]any{"gpu": false}, false},
		{"what the host does not have", map[string]any{"fpga": false}, false},
		{"one that does not match spoils all", map[string]any{"ncpus": 2.0, "type": "ARM64"}, false},
		{"a least amount that is no number", map[string]any{"ncpus": "many"}, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := matches(host, c.wanted); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

// The ids were computed with Python's uuid.uuid5.
func TestMachineID_is_the_name_based_UUID_of_token_and_host(t *testing.T) {
	for _, c := range []struct{ token, want string }{
		{"4f1d2a30-7c1b-5e9f-8a64-0d3c5b7e9f10", "m-cf375c60-5170-550a-a03a-6f8434378727"},
		{"my token", "m-41d37c75-03d8-5896-a323-5616e01de1c0"},
	} {
		if got := machineID(c.token, "host-07"); got != c.want {
			t.Errorf("token %q: got %s, want %s", c.token, got, c.want)
		}
	}
}

func TestParseHosts_reads_YAML_and_JSON_alike(t *testing.T) {
	want := []config.Host{
		{Name: "a", Address: "10.0.0.1:22", Attributes: map[string]any{"ncpus": 4.0, "type": "X86_64"}},
		{Name: "b", Address: "b.example.org:22", Zone: "hall-2"},
	}
	for name, text := range map[string]string{
		"JSON":        `[{"name":"a","address":"10.0.0.1:22","attributes":{"ncpus":4,"type":"X86_64"}},{"name":"b","address":"b.example.org:22","zone":"hall-2"}]`,
		"YAML":        "# hall 1\n- name: a\n  address: 10.0.0.1:22\n  attributes: {ncpus: 4, type: X86_64}\n- name: b\n  address: b.example.org:22\n  zone: hall-2\n",
		"YAML's flow": "[{name: a, address: '10.0.0.1:22', attributes: {ncpus: 4, type: X86_64}}, {name: b, address: 'b.example.org:22', zone: hall-2}]",
	} {
		got, err := parseHosts([]byte(text), config.HostCheck{Kind: config.CheckTCP})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func FuzzParseHosts(f *testing.F) {
	for _, seed := range []string{
		``, `[]`, `null`, `{}`, `- name: a`, "- name: a\n  address: 10.0.0.1:22\n", `[{"name":"a","address":"10.0.0.1"}]`,
		`[{"name":"a","address":"[::1]:22","attributes":{"ncpus":4}}]`, "- &x {name: a}\n- *x\n", "a: [b, c", "---\n---\n", "- name: \"\\u0000\"",
		`[]}x`, `[{"name":"a","address":"h:1"}],"hosts":[`, "- name: a\n  name: b\n", "? x\n: y\n", "!!binary x", "- |\n  x\n", "\t- a",
	} {
		f.Add([]byte(seed))
	}
	check := config.HostCheck{Kind: config.CheckTCP, Port: 22}
	f.Fuzz(func(t *testing.T, data []byte) {
		hosts, err := parseHosts(data, check)
		if err != nil {
			return
		}
		seen := map[string]bool{}
		for _, h := range hosts {
			if _, _, err := check.Target(h.Address); err != nil || h.Name == "" || seen[h.Name] {
				t.Errorf("accepted host %+v: %v", h, err)
			}
			seen[h.Name] = true
		}
		raw, err := json.Marshal(hosts)
		if err != nil {
			t.Fatalf("writing what was read: %v", err)
		}
		if hosts == nil {
			raw = []byte("[]")
		}
		again, err := parseHosts(raw, check)
		if err != nil || len(again) != len(hosts) {
			t.Errorf("what was read is not read again: %v", err)
		}
	})
}

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		given []time.Duration
		want  time.Duration
	}{{nil, 0}, {[]time.Duration{7}, 7}, {[]time.Duration{9, 1}, 1}, {[]time.Duration{9, 1, 5}, 5}, {[]time.Duration{8, 2, 6, 4}, 4}} {
		if got := median(c.given); got != c.want {
			t.Errorf("median of %v is %v, want %v", c.given, got, c.want)
		}
	}
}
