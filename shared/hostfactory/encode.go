package hostfactory

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"strings"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// The answers as the schedulers spell them. A struct that is converted to its
// twin has the same fields in the same order, or does not compile.
type (
	camelRequested struct {
		Message   string `json:"message"`
		RequestID string `json:"requestId"`
	}
	camelRequest struct {
		RequestID string         `json:"requestId"`
		Status    Status         `json:"status"`
		Message   string         `json:"message"`
		Machines  []camelMachine `json:"machines"`
	}
	camelMachine struct {
		MachineID        string  `json:"machineId"`
		Name             string  `json:"name"`
		Result           Result  `json:"result"`
		Status           string  `json:"status"`
		PrivateIPAddress string  `json:"privateIpAddress"`
		PublicIPAddress  string  `json:"publicIpAddress,omitempty"`
		InstanceType     string  `json:"instanceType,omitempty"`
		PriceType        string  `json:"priceType,omitempty"`
		InstanceTags     string  `json:"instanceTags"`
		CloudHostID      *string `json:"cloudHostId"`
		LaunchTime       int64   `json:"launchtime"`
		RCAccount        string  `json:"rcAccount,omitempty"`
		Message          string  `json:"message"`
	}
	camelReclaim struct {
		Machine     string `json:"machine"`
		MachineID   string `json:"machineId"`
		GracePeriod int64  `json:"gracePeriod"`
	}
)

// unlimited is what a scheduler is told of a template without a limit. Symphony
// documents -1 for it; LSF documents none, and gets more than it will ask for.
func (s Scheduler) unlimited() int {
	if s == LSF {
		return 1_000_000
	}
	return -1
}

// EncodeTemplates writes the answer of getAvailableTemplates.
func EncodeTemplates(t Templates, s Scheduler) ([]byte, error) {
	out := struct {
		Templates []map[string]any `json:"templates"`
		Message   string           `json:"message"`
	}{make([]map[string]any, 0, len(t.Templates)), t.Message}
	for i := range t.Templates {
		out.Templates = append(out.Templates, t.Templates[i].camel(s))
	}
	return encode(out)
}

// camel is a template as a scheduler reads it: what is stored for the
// scheduler alone stands beside the rest, and never in its place, except for
// the weights of machine types, which only a scheduler knows.
func (t *Template) camel(s Scheduler) map[string]any {
	out := maps.Clone(t.SchedulerFields)
	if out == nil {
		out = map[string]any{}
	}
	if _, weighed := out["vmTypes"]; !weighed && len(t.MachineTypes) > 0 {
		weights := map[string]int{}
		for _, m := range t.MachineTypes {
			weights[m] = 1
		}
		out["vmTypes"] = weights
	}
	out["templateId"], out["maxNumber"], out["attributes"] = t.TemplateID, t.MaxNumber, t.Attributes
	if t.MaxNumber < 0 {
		out["maxNumber"] = s.unlimited()
	}
	if t.AvailableNumber != nil {
		out["availableNumber"] = *t.AvailableNumber
	}
	if t.InstanceTags != "" {
		out["instanceTags"] = t.InstanceTags
	}
	if t.PriceType != "" {
		out["priceType"] = t.PriceType
	}
	return out
}

// EncodeRequested writes the answer of requestMachines and
// requestReturnMachines.
func EncodeRequested(r Requested) ([]byte, error) { return encode(camelRequested(r)) }

// EncodeRequests writes the answer of getRequestStatus.
func EncodeRequests(r Requests, s Scheduler) ([]byte, error) {
	out := struct {
		Requests []camelRequest `json:"requests"`
	}{make([]camelRequest, 0, len(r.Requests))}
	for _, q := range r.Requests {
		c := camelRequest{q.RequestID, q.Status, q.Message, make([]camelMachine, 0, len(q.Machines))}
		for _, m := range q.Machines {
			m.Status = s.state(m.Status)
			c.Machines = append(c.Machines, camelMachine(m))
		}
		out.Requests = append(out.Requests, c)
	}
	return encode(out)
}

// state writes the state of a machine as the scheduler does. It knows none for
// a machine that is lost or has failed: to it, both are gone.
func (s Scheduler) state(status string) string {
	if m := broker.MachineStatus(status); m == broker.MachineLost || m == broker.MachineFailed {
		status = string(broker.MachineTerminated)
	}
	if s == LSF {
		return strings.ToUpper(status)
	}
	return strings.ToLower(status)
}

// EncodeReclaims writes the answer of getReturnRequests.
func EncodeReclaims(r Reclaims) ([]byte, error) {
	out := struct {
		Status   Status         `json:"status"`
		Message  string         `json:"message"`
		Requests []camelReclaim `json:"requests"`
	}{r.Status, r.Message, make([]camelReclaim, 0, len(r.Requests))}
	for _, q := range r.Requests {
		out.Requests = append(out.Requests, camelReclaim(q))
	}
	return encode(out)
}

// EncodeFailure writes the answer of a call that was not served: a message and
// nothing that could be taken for a result. A message is never empty.
func EncodeFailure(message string) []byte {
	if strings.TrimSpace(message) == "" {
		message = "the call failed"
	}
	out, err := encode(struct {
		Message string `json:"message"`
	}{message})
	if err != nil { // text cannot fail
		return []byte(`{"message":"the call failed"}`)
	}
	return out
}

// encode writes v as JSON that is not meant for HTML.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("encoding the answer: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte{'\n'}), nil
}
