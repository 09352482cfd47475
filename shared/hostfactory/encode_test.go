package hostfactory_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/shared/hostfactory"
	"github.com/openhostfactory/ohfp/shared/hostfactory/hftest"
)

func TestAnswersAreSpelledAsSchedulersReadThem(t *testing.T) {
	node := hostfactory.Machine{
		MachineID: "m-1", Name: "node-1", Result: succeed, Status: "RUNNING", PrivateIPAddress: "10.0.0.1", PublicIPAddress: "192.0.2.1",
		InstanceType: "m5.large", PriceType: "ondemand", InstanceTags: "a=b", LaunchTime: 1734619942, RCAccount: "default", Message: "",
	}
	requests := hostfactory.Requests{Requests: []hostfactory.Request{{RequestID: "req-1", Status: hostfactory.Complete, Machines: []hostfactory.Machine{node}}}}
	three := 3
	for _, tc := range []struct {
		name, want string
		write      func() ([]byte, error)
	}{
		{
			"requests", `{"requests":[{"requestId":"req-1","status":"complete","message":"","machines":[{"machineId":"m-1","name":"node-1","result":"succeed",` +
				`"status":"running","privateIpAddress":"10.0.0.1","publicIpAddress":"192.0.2.1","instanceType":"m5.large","priceType":"ondemand","instanceTags":"a=b",` +
				`"cloudHostId":null,"launchtime":1734619942,"rcAccount":"default","message":""}]}]}`,
			func() ([]byte, error) { return hostfactory.EncodeRequests(requests, hostfactory.Symphony) },
		},
		{"no requests", `{"requests":[]}`, func() ([]byte, error) { return hostfactory.EncodeRequests(hostfactory.Requests{}, hostfactory.LSF) }},
		{
			"a request without machines", `{"requests":[{"requestId":"x","status":"complete_with_error","message":"unknown","machines":[]}]}`,
			func() ([]byte, error) {
				return hostfactory.EncodeRequests(hostfactory.Requests{Requests: []hostfactory.Request{{RequestID: "x", Status: hostfactory.CompleteWithError, Message: "unknown"}}}, "")
			},
		},
		{
			"requested", `{"message":"done","requestId":"req-1"}`,
			func() ([]byte, error) {
				return hostfactory.EncodeRequested(hostfactory.Requested{Message: "done", RequestID: "req-1"})
			},
		},
		{
			"reclaims", `{"status":"complete","message":"<&>","requests":[{"machine":"node-1","machineId":"m-1","gracePeriod":90}]}`,
			func() ([]byte, error) {
				return hostfactory.EncodeReclaims(hostfactory.Reclaims{Status: hostfactory.Complete, Message: "<&>", Requests: []hostfactory.Reclaim{{Machine: "node-1", MachineID: "m-1", GracePeriod: 90}}})
			},
		},
		{"no reclaims", `{"status":"complete","message":"","requests":[]}`, func() ([]byte, error) {
			return hostfactory.EncodeReclaims(hostfactory.Reclaims{Status: hostfactory.Complete})
		}},
		{
			"templates", `{"templates":[{"attributes":{"ncpus":["Numeric","1"]},"availableNumber":3,"instanceTags":"a=b","maxNumber":10,"pgrpName":null,"priceType":"spot","templateId":"web","vmTypes":{"m5.large":1}},` +
				`{"attributes":{},"maxNumber":1000000,"templateId":"any","vmTypes":{"a":4}}],"message":"done"}`,
			func() ([]byte, error) {
				return hostfactory.EncodeTemplates(hostfactory.Templates{Message: "done", Templates: []hostfactory.Template{
					{
						TemplateID: "web", MaxNumber: 10, AvailableNumber: &three, InstanceTags: "a=b", PriceType: "spot", MachineTypes: []string{"m5.large"},
						Attributes:      map[string]hostfactory.Attribute{"ncpus": {"Numeric", "1"}},
						SchedulerFields: map[string]any{"pgrpName": nil, "templateId": "not this one"},
					},
					{
						TemplateID: "any", MaxNumber: -1, MachineTypes: []string{"m5.large"}, Attributes: map[string]hostfactory.Attribute{},
						SchedulerFields: map[string]any{"vmTypes": map[string]int{"a": 4}},
					},
				}}, hostfactory.LSF)
			},
		},
		{"failure", `{"message":"no \"such\" template"}`, func() ([]byte, error) { return hostfactory.EncodeFailure(`no "such" template`), nil }},
		{"failure without a word", `{"message":"the call failed"}`, func() ([]byte, error) { return hostfactory.EncodeFailure(" "), nil }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := tc.write()
			if diff := cmp.Diff(tc.want, string(got)); diff != "" || err != nil {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		})
	}
}

func TestLSFReadsTheStatesOfMachinesInUpperCase(t *testing.T) {
	out, err := hostfactory.EncodeRequests(hostfactory.Requests{Requests: []hostfactory.Request{{Machines: []hostfactory.Machine{{Status: "RUNNING"}}}}}, hostfactory.LSF)
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Requests []struct{ Machines []struct{ Status string } }
	}
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatal(err)
	}
	if s := got.Requests[0].Machines[0].Status; s != "RUNNING" {
		t.Errorf("state %s", s)
	}
}

func TestSymphonyIsToldOfNoLimitAsItDocumentsIt(t *testing.T) {
	out, err := hostfactory.EncodeTemplates(hostfactory.Templates{Templates: []hostfactory.Template{{TemplateID: "any", MaxNumber: -1}}}, hostfactory.Symphony)
	if want := `{"templates":[{"attributes":null,"maxNumber":-1,"templateId":"any"}],"message":""}`; string(out) != want || err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

func TestAMachineIsInAStateThatSchedulersKnow(t *testing.T) {
	for state, want := range map[string]string{
		"PENDING": "pending", "RUNNING": "running", "STOPPING": "stopping", "STOPPED": "stopped", "TERMINATED": "terminated", "LOST": "terminated", "FAILED": "terminated",
	} {
		out, err := hostfactory.EncodeRequests(hostfactory.Requests{Requests: []hostfactory.Request{{Machines: []hostfactory.Machine{{Status: state}}}}}, hostfactory.Symphony)
		if !bytes.Contains(out, []byte(`"status":"`+want+`"`)) || err != nil {
			t.Errorf("%s: %v: %s", state, err, out)
		}
	}
}

var callsFile = flag.String("calls", "", "a file with further calls of schedulers to play")

// played is how the room itself answers a recorded call: it reads the input,
// and writes what a broker in the state that the call is about would answer.
func played(t *testing.T, c hftest.Call) []byte {
	t.Helper()
	write := map[string]func() ([]byte, error){
		"getAvailableTemplates": func() ([]byte, error) {
			return templatesOf(c.ID), hostfactory.DecodeTemplatesQuery(c.Input)
		},
		"requestMachines": func() ([]byte, error) {
			_, err := hostfactory.DecodeAcquire(c.Input)
			if c.Exit != 0 {
				return hostfactory.EncodeFailure("nobody could make it"), err
			}
			out, _ := hostfactory.EncodeRequested(hostfactory.Requested{Message: "stored", RequestID: "req-1"})
			return out, err
		},
		"getRequestStatus": func() ([]byte, error) {
			ids, err := hostfactory.DecodeStatusQuery(c.Input)
			return requestsOf(t, ids), err
		},
		"requestReturnMachines": func() ([]byte, error) {
			_, err := hostfactory.DecodeReturn(c.Input)
			out, _ := hostfactory.EncodeRequested(hostfactory.Requested{Message: "stored", RequestID: "ret-1"})
			return out, err
		},
		"getReturnRequests": func() ([]byte, error) {
			hosts, err := hostfactory.DecodeReturnQuery(c.Input)
			return reclaimsOf(c.ID, hosts), err
		},
	}[c.Operation]
	if write == nil {
		t.Fatalf("no operation %q", c.Operation)
	}
	out, err := write()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func templatesOf(id string) []byte {
	attributes := hostfactory.Attributes(map[string]any{"nram": 1024.0, "ncpus": 1.0, "type": "X86_64"}, hostfactory.Symphony)
	templates := []hostfactory.Template{
		{TemplateID: "OnDemand-Minimal-Template-VM", MaxNumber: 10, Attributes: attributes},
		{
			TemplateID: "Spot-Template-VM", MaxNumber: 10, Attributes: attributes, MachineTypes: []string{"m3.medium"},
			InstanceTags: hostfactory.Tags(map[string]string{"company": "abc", "project": "awscloud", "team": "xyz"}),
		},
	}
	if id == "T2-lsf-template" {
		templates = []hostfactory.Template{{TemplateID: "Template-VM-1", MaxNumber: 200, Attributes: hostfactory.Attributes(
			map[string]any{"mem": 8192.0, "zone": "asiasoutheast", "azurehost": true}, hostfactory.LSF)}}
	}
	out, _ := hostfactory.EncodeTemplates(hostfactory.Templates{Templates: templates, Message: "done"}, hostfactory.Symphony)
	return out
}

func requestsOf(t *testing.T, ids []string) []byte {
	t.Helper()
	var out hostfactory.Requests
	for _, id := range ids {
		m := hostfactory.Machine{MachineID: "m-1", Name: "node-1", Result: succeed, Status: "RUNNING", PrivateIPAddress: "10.100.2.118", LaunchTime: 1494001568}
		if id[:3] == "ret" {
			m.Status = "TERMINATED"
		}
		out.Requests = append(out.Requests, hostfactory.Request{RequestID: id, Status: hostfactory.Complete, Machines: []hostfactory.Machine{m}})
	}
	doc, err := hostfactory.EncodeRequests(out, hostfactory.Symphony)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func reclaimsOf(id string, hosts []hostfactory.Host) []byte {
	n := map[string]int{"G2-ibm-two-of-four": 2, "G3-lsf-terminated": 1}[id]
	var r hostfactory.Reclaims
	r.Status = hostfactory.Complete
	for _, h := range hosts[:n] {
		r.Requests = append(r.Requests, hostfactory.Reclaim{Machine: h.Name, MachineID: h.MachineID})
	}
	out, _ := hostfactory.EncodeReclaims(r)
	return out
}

func TestCallsOfSchedulersAreReadAndAnsweredInTheirForm(t *testing.T) {
	for _, c := range hftest.Calls(t, *callsFile) {
		t.Run(c.ID, func(t *testing.T) {
			for _, err := range c.Check(played(t, c)) {
				t.Error(err)
			}
		})
	}
}
