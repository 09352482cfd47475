package hostfactory

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/openhostfactory/ohfp/shared/fault"
)

// Acquire is a request for machines, as it was read.
type Acquire struct {
	TemplateID   string `json:"template_id"`
	MachineCount int    `json:"machine_count"`
	RCAccount    string `json:"rc_account,omitempty"`
	UserData     string `json:"user_data,omitempty"`
}

// Host names a machine; either is enough.
type Host struct {
	Name      string `json:"name,omitempty" doc:"Its host name."`
	MachineID string `json:"machine_id,omitempty" doc:"Its id."`
}

// Named returns invalid_request when a host has neither a name nor an id.
func Named(hosts []Host) error {
	for i := range hosts {
		if hosts[i] == (Host{}) {
			return fault.Invalid(fmt.Sprintf("machines[%d]", i), "want a name or a machine_id")
		}
	}
	return nil
}

// DecodeTemplatesQuery reads the input of getAvailableTemplates, in which
// there is nothing to read. invalid_request for what is no JSON.
func DecodeTemplatesQuery(data []byte) error {
	_, err := parse(data)
	return err
}

// The members that say how many machines are wanted. In a flat document,
// maxNumber is one where no other is: so an earlier plug-in was called. Beside
// attributes it is a template's limit.
var countKeys = []string{"machinecount", "nummachines", "requestedcount", "count"}

// DecodeAcquire reads the input of requestMachines: the template nested or
// flat, in a list or not. The count must be said: none is assumed.
// invalid_request for the rest.
func DecodeAcquire(data []byte) (Acquire, error) {
	object, err := objectOf(data)
	if err != nil {
		return Acquire{}, err
	}
	inner, flat, err := innerTemplate(object)
	if err != nil {
		return Acquire{}, err
	}
	a, err := acquireOf(inner, flat)
	if err != nil {
		return Acquire{}, err
	}
	if a.RCAccount, err = text(inner, "rcaccount"); err != nil {
		return Acquire{}, err
	}
	a.UserData, err = userData(inner)
	return a, err
}

func acquireOf(object map[string]any, flat bool) (a Acquire, err error) {
	if a.TemplateID, err = text(object, "templateid"); err != nil {
		return a, err
	}
	if a.TemplateID == "" {
		return a, fault.Invalid("template.templateId", "is missing")
	}
	n, said, err := count(object, flat)
	switch {
	case err != nil:
		return a, err
	case !said:
		return a, fault.Invalid("template.machineCount", "is missing: how many machines?")
	case n < 1:
		return a, fault.Invalid("template.machineCount", "want at least 1, got %d", n)
	}
	a.MachineCount = n
	return a, nil
}

// count is how many machines are wanted; false: nobody says.
func count(object map[string]any, flat bool) (int, bool, error) {
	n, said, err := number(object, countKeys...)
	if said || err != nil || !flat || object["attributes"] != nil {
		return n, said, err
	}
	return number(object, "maxnumber")
}

// innerTemplate lays what is nested and what is flat into one object. Where
// both say something, they must say the same; see find. Flat: nothing was
// nested.
func innerTemplate(object map[string]any) (inner map[string]any, flat bool, _ error) {
	nested, err := find(object, "template")
	if nested == nil || err != nil {
		return object, true, err
	}
	items, err := list(nested)
	if err != nil {
		return nil, false, err
	}
	if len(items) != 1 {
		return nil, false, fault.Invalid("template", "want one template, got %d; send a request for each", len(items))
	}
	merged := make(map[string]any, len(object))
	for key, v := range object {
		merged["-"+key] = v // another spelling of the same key, which no nested one replaces
	}
	switch t := items[0].(type) {
	case string:
		merged["templateId"] = t
	case map[string]any:
		maps.Copy(merged, t)
	default:
		return nil, false, fault.Invalid("template", "want an object")
	}
	return merged, false, nil
}

// userData is LSF's, an object as a rule: text for the machine.
func userData(object map[string]any) (string, error) {
	v, err := find(object, "userdata")
	if err != nil || v == nil {
		return "", err
	}
	switch v := v.(type) {
	case string:
		return v, nil
	case map[string]any:
		if len(v) == 0 {
			return "", nil
		}
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("writing userData: %w", err)
	}
	return string(raw), nil
}

// objectOf reads a document that is an object, or a list of one.
func objectOf(data []byte) (map[string]any, error) {
	v, err := parse(data)
	if err != nil {
		return nil, err
	}
	if l, ok := v.([]any); ok && len(l) == 1 {
		v = l[0]
	}
	object, ok := v.(map[string]any)
	if !ok {
		return nil, fault.New(fault.InvalidRequest, "want a JSON object")
	}
	return object, nil
}

// DecodeStatusQuery reads the ids of getRequestStatus, once each, in order:
// a list of objects, one object, or ids as they are. invalid_request when
// there is none.
func DecodeStatusQuery(data []byte) ([]string, error) {
	v, err := parse(data)
	if err != nil {
		return nil, err
	}
	items, err := itemsOf(v, []string{"requests", "request", "requestids"}, requestKeys)
	if err != nil {
		return nil, err
	}
	var ids []string
	seen := map[string]bool{}
	for i, item := range items {
		id, err := idOf(item)
		if err != nil {
			return nil, fmt.Errorf("reading requests[%d]: %w", i, err)
		}
		if id != "" && !seen[id] {
			seen[id] = true
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return nil, fault.Invalid("requests", "names no request")
	}
	return ids, nil
}

func idOf(item any) (string, error) {
	switch item := item.(type) {
	case string:
		return strings.TrimSpace(item), nil
	case map[string]any:
		return text(item, requestKeys...)
	}
	return "", fault.Invalid("requestId", "want text")
}

// DecodeReturn reads the machines of requestReturnMachines, once each, in
// order. invalid_request when there is none, or one without name and id.
func DecodeReturn(data []byte) ([]Host, error) {
	hosts, err := DecodeReturnQuery(data)
	if err == nil && len(hosts) == 0 {
		err = fault.Invalid("machines", "names no machine")
	}
	return hosts, err
}

// DecodeReturnQuery reads the machines of getReturnRequests. A document without
// a list asks for all, and has nil; an empty list is that of a scheduler that
// has none. invalid_request for one without name and id.
func DecodeReturnQuery(data []byte) ([]Host, error) {
	v, err := parse(data)
	if err != nil {
		return nil, err
	}
	items, err := itemsOf(v, []string{"machines", "hosts", "machineids", "machinenames"}, hostKeys)
	if err != nil {
		return nil, err
	}
	if items == nil {
		return nil, nil
	}
	hosts := make([]Host, 0, len(items))
	seen := map[Host]bool{}
	for i, item := range items {
		h, err := hostOf(item)
		if err != nil {
			return nil, fmt.Errorf("reading machines[%d]: %w", i, err)
		}
		if !seen[h] {
			seen[h] = true
			hosts = append(hosts, h)
		}
	}
	return hosts, nil
}

// hostOf reads a machine. A bare text may be its name or its id.
func hostOf(item any) (h Host, err error) {
	switch item := item.(type) {
	case string:
		h.Name = strings.TrimSpace(item)
		h.MachineID = h.Name
	case map[string]any:
		if h.Name, err = text(item, "name", "hostname", "machine"); err != nil {
			return h, err
		}
		h.MachineID, err = text(item, "machineid", "id")
	}
	if err == nil && h == (Host{}) {
		err = fault.Invalid("machines", "want a name or a machineId for each")
	}
	return h, err
}

// The members by which an object is one item of a list.
var (
	requestKeys = []string{"requestid", "id"}
	hostKeys    = []string{"name", "hostname", "machine", "machineid", "id"}
)

// itemsOf is the list that a document is about: under one of the names, or
// the document itself when it is a list, or an object that is one item of it.
func itemsOf(v any, names, itemKeys []string) ([]any, error) {
	object, ok := v.(map[string]any)
	if !ok {
		return list(v)
	}
	under, err := find(object, names...)
	if err != nil {
		return nil, err
	}
	if under != nil {
		return list(under)
	}
	for key := range object {
		if slices.Contains(itemKeys, spelling(key)) {
			return []any{object}, nil
		}
	}
	return nil, nil
}
