package hostfactory_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/hostfactory"
)

func TestARequestForMachinesIsReadInEveryShape(t *testing.T) {
	two := hostfactory.Acquire{TemplateID: "web", MachineCount: 2}
	for name, tc := range map[string]struct {
		input string
		want  hostfactory.Acquire
	}{
		"nested, camel case":     {`{"template": {"templateId": "web", "machineCount": 2}}`, two},
		"flat, snake case":       {`{"template_id": "web", "machine_count": 2}`, two},
		"nested, snake case":     {`{"template": {"template_id": "web", "machine_count": 2}}`, two},
		"flat, camel case":       {`{"templateId": "web", "machineCount": 2}`, two},
		"a count as text":        {`{"template": {"templateId": "web", "machineCount": " 2 "}}`, two},
		"a count with a point":   {`{"template": {"templateId": "web", "machineCount": 2.0}}`, two},
		"a count as an exponent": {`{"template": {"templateId": "web", "machineCount": 2e0}}`, two},
		"a list of one":          {`{"template": [{"templateId": "web", "machineCount": 2}]}`, two},
		"a document of one":      {`[{"template_id": "web", "machine_count": 2}]`, two},
		"the template by name":   {`{"template": "web", "machineCount": 2}`, two},
		"half flat":              {`{"template": {"templateId": "web"}, "machineCount": 2}`, two},
		"said twice alike":       {`{"template": {"templateId": "web", "machineCount": 2}, "machine_count": "2"}`, two},
		"a byte order mark":      {"\ufeff" + `{"template_id": "web", "machine_count": 2}`, two},
		"a comment":              {"{\n# two\n\"template_id\": \"web\", \"machine_count\": 2}", two},
		"more than is known":     {`{"template_id": "web", "machine_count": 2, "priority": 7}`, two},
		"a number of machines":   {`{"template": {"templateId": "web", "numMachines": 2}}`, two},
		"a requested count":      {`{"template_id": "web", "requested_count": 2}`, two},
		"a flat maximum":         {`{"templateId": "web", "maxNumber": 2}`, two},
		"a count over a maximum": {`{"templateId": "web", "maxNumber": 10, "machineCount": 2}`, two},
		"a limit beside a count": {`{"template": {"templateId": "web", "maxNumber": 10, "machineCount": 2}}`, two},
		"a template that is a number": {
			`{"template_id": 7, "machine_count": 2}`, hostfactory.Acquire{TemplateID: "7", MachineCount: 2},
		},
		"LSF's envelope": {
			`{"template": {"templateId": "web", "machineCount": 2}, "rc_account": "default", "userData": {}}`,
			hostfactory.Acquire{TemplateID: "web", MachineCount: 2, RCAccount: "default"},
		},
		"user data as text": {
			`{"template": {"templateId": "web", "machineCount": 2}, "user_data": "#!/bin/sh"}`,
			hostfactory.Acquire{TemplateID: "web", MachineCount: 2, UserData: "#!/bin/sh"},
		},
		"user data as an object": {
			`{"template": {"templateId": "web", "machineCount": 2}, "userData": {"zone": "a"}}`,
			hostfactory.Acquire{TemplateID: "web", MachineCount: 2, UserData: `{"zone":"a"}`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := hostfactory.DecodeAcquire([]byte(tc.input))
			if diff := cmp.Diff(tc.want, got); diff != "" || err != nil {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		})
	}
}

func TestARequestForMachinesThatLeavesSomethingOpenIsRefused(t *testing.T) {
	for name, input := range map[string]string{
		"nothing":                 ``,
		"an empty object":         `{}`,
		"no count":                `{"template": {"templateId": "web"}}`,
		"no template":             `{"machine_count": 2}`,
		"none":                    `{"template_id": "web", "machine_count": 0}`,
		"fewer than none":         `{"template_id": "web", "machine_count": -1}`,
		"half a machine":          `{"template_id": "web", "machine_count": 1.5}`,
		"a word":                  `{"template_id": "web", "machine_count": "two"}`,
		"true":                    `{"template_id": "web", "machine_count": true}`,
		"more than can be":        `{"template_id": "web", "machine_count": 1e300}`,
		"two counts":              `{"template": {"templateId": "web", "machineCount": 1}, "machine_count": 2}`,
		"a template's limit":      `{"template": {"templateId": "web", "maxNumber": 10}}`,
		"a flat template":         `{"templateId": "web", "maxNumber": 10, "attributes": {"ncpus": ["Numeric", "1"]}}`,
		"a limit beside a name":   `{"template": "web", "maxNumber": 10}`,
		"two counts, two names":   `{"template_id": "web", "machine_count": 2, "numMachines": 3}`,
		"two spellings":           `{"templateId": "web", "template_id": "mail", "machine_count": 2}`,
		"two templates":           `{"template": [{"templateId": "a", "machineCount": 1}, {"templateId": "b", "machineCount": 1}]}`,
		"a template that is none": `{"template": 5, "machine_count": 2}`,
		"a list":                  `[]`,
		"broken":                  `{"template": `,
		"two documents":           `{"template_id": "web", "machine_count": 2} {}`,
		"text":                    `"web"`,
	} {
		t.Run(name, func(t *testing.T) {
			got, err := hostfactory.DecodeAcquire([]byte(input))
			if !fault.Is(err, fault.InvalidRequest) {
				t.Errorf("read as %+v, %v", got, err)
			}
		})
	}
}

func TestRequestsAreNamedInEveryShape(t *testing.T) {
	for input, want := range map[string][]string{
		`{"requests": [{"requestId": "req-1"}, {"requestId": "ret-2"}]}`: {"req-1", "ret-2"},
		`{"requests": {"requestId": "req-1"}}`:                           {"req-1"},
		`{"requests": [{"request_id": "req-1"}, "req-1", "req-2"]}`:      {"req-1", "req-2"},
		`{"requests": "req-1"}`:                                          {"req-1"},
		`{"request_id": "req-1"}`:                                        {"req-1"},
		`{"requestId": "req-1"}`:                                         {"req-1"},
		`[{"requestId": "req-1"}]`:                                       {"req-1"},
	} {
		got, err := hostfactory.DecodeStatusQuery([]byte(input))
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", input, err, diff)
		}
	}
	for _, input := range []string{``, `{}`, `{"requests": []}`, `{"requests": null}`, `{"requests": [7]}`, `{"requests": [{}]}`, `{`} {
		if got, err := hostfactory.DecodeStatusQuery([]byte(input)); err == nil {
			t.Errorf("%s is read as %v", input, got)
		}
	}
}

func TestMachinesAreNamedInEveryShape(t *testing.T) {
	both := []hostfactory.Host{{Name: "node-1", MachineID: "m-1"}}
	for input, want := range map[string][]hostfactory.Host{
		`{"machines": [{"name": "node-1", "machineId": "m-1"}]}`:                                           both,
		`{"machines": {"name": "node-1", "machine_id": "m-1"}}`:                                            both,
		`[{"name": "node-1", "machineId": "m-1"}]`:                                                         both,
		`{"name": "node-1", "machineId": "m-1"}`:                                                           both,
		`{"machines": [{"name": "node-1", "machineId": "m-1"}, {"machineId": "m-1", "name": " node-1 "}]}`: both,
		`{"machines": {"name": "node-1"}}`:                                                                 {{Name: "node-1"}},
		`{"machines": [{"name": null, "machineId": "m-1"}]}`:                                               {{MachineID: "m-1"}},
		`{"machines": ["node-1"]}`:                                                                         {{Name: "node-1", MachineID: "node-1"}},
		`{"machine_ids": ["m-1", "m-2"]}`:                                                                  {{Name: "m-1", MachineID: "m-1"}, {Name: "m-2", MachineID: "m-2"}},
		`{"machineNames": "node-1"}`:                                                                       {{Name: "node-1", MachineID: "node-1"}},
	} {
		got, err := hostfactory.DecodeReturn([]byte(input))
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", input, err, diff)
		}
	}
	for _, input := range []string{``, `{}`, `{"machines": []}`, `{"machines": null}`, `{"rc_account": "a"}`} {
		if got, err := hostfactory.DecodeReturn([]byte(input)); !fault.Is(err, fault.InvalidRequest) {
			t.Errorf("%s names %v, %v", input, got, err)
		}
		if got, err := hostfactory.DecodeReturnQuery([]byte(input)); err != nil || len(got) != 0 || (got == nil) == (input == `{"machines": []}`) {
			t.Errorf("%s asks for all, but for an empty list: %#v, %v", input, got, err)
		}
	}
	for _, input := range []string{`{"machines": [{}]}`, `{"machines": [7]}`, `{"machines": [{"name": true}]}`, `{"machines"`} {
		if got, err := hostfactory.DecodeReturnQuery([]byte(input)); err == nil {
			t.Errorf("%s is read as %v", input, got)
		}
	}
}

func TestTooMuchIsRefused(t *testing.T) {
	many := `{"machines": [` + strings.TrimSuffix(strings.Repeat(`"n",`, hostfactory.MaxList+1), ",") + `]}`
	if _, err := hostfactory.DecodeReturnQuery([]byte(many)); !fault.Is(err, fault.TooLarge) {
		t.Errorf("a list too long: %v", err)
	}
	if err := hostfactory.DecodeTemplatesQuery(make([]byte, hostfactory.MaxBody+1)); !fault.Is(err, fault.TooLarge) {
		t.Errorf("a body too long: %v", err)
	}
}

func TestTheTemplatesAreAskedForWithAnythingThatIsJSONOrNothing(t *testing.T) {
	for _, input := range []string{"", " \n", "{}", "null", "[]", `{"anything": [1]}`} {
		if err := hostfactory.DecodeTemplatesQuery([]byte(input)); err != nil {
			t.Errorf("%q: %v", input, err)
		}
	}
	if err := hostfactory.DecodeTemplatesQuery([]byte("{")); !fault.Is(err, fault.InvalidRequest) {
		t.Errorf("broken: %v", err)
	}
}

func FuzzDecodeAcquire(f *testing.F) {
	f.Add([]byte(`{"template": {"templateId": "web", "machineCount": "2"}, "rc_account": "a", "userData": {"a": 1}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := hostfactory.DecodeAcquire(data)
		if err == nil && (a.TemplateID == "" || a.MachineCount < 1) {
			t.Errorf("%+v was asked for", a)
		}
	})
}

func FuzzDecodeStatusQuery(f *testing.F) {
	f.Add([]byte(`{"requests": [{"requestId": "req-1"}, "req-2"]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		ids, err := hostfactory.DecodeStatusQuery(data)
		seen := map[string]bool{}
		for _, id := range ids {
			if id == "" || seen[id] {
				t.Errorf("%q in %q", id, ids)
			}
			seen[id] = true
		}
		if err == nil && len(ids) == 0 {
			t.Error("nothing is named")
		}
	})
}

func FuzzDecodeReturn(f *testing.F) {
	f.Add([]byte(`{"machines": [{"name": "n", "machineId": "m"}, "x"]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		hosts, err := hostfactory.DecodeReturn(data)
		if err == nil && len(hosts) == 0 {
			t.Error("nothing is named")
		}
		all, qerr := hostfactory.DecodeReturnQuery(data)
		if err == nil && (qerr != nil || !cmp.Equal(hosts, all)) {
			t.Errorf("%v to return, %v to ask for (%v)", hosts, all, qerr)
		}
	})
}

func FuzzDecodeTemplatesQuery(f *testing.F) {
	f.Add([]byte(`{}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := hostfactory.DecodeTemplatesQuery(data); err != nil && fault.As(err).Code == fault.Internal {
			t.Errorf("a scheduler's mistake is ours: %v", err)
		}
	})
}
