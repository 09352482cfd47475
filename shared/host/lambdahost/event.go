package lambdahost

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"

	"github.com/openhostfactory/ohfp/shared/fault"
)

// event is what a function was called with: a request, or a body for the
// operation.
type event struct {
	request *request // of API Gateway; nil for others
	body    []byte
	err     error // why the event cannot be used
}

// decode says what payload is. API Gateway's formats and EventBridge's events
// are known by members that none of our operations takes; all else is handed
// to the operation as it is, whose strict reading says what is wrong with it.
func decode(payload []byte) event {
	if !utf8.Valid(payload) {
		return event{err: fault.New(fault.InvalidRequest, "The event is not UTF-8.")}
	}
	var top map[string]json.RawMessage
	if json.Unmarshal(payload, &top) != nil {
		return event{body: payload}
	}
	switch gateway(top) {
	case 2:
		return event{request: decodeV2(payload)}
	case 1:
		return event{request: decodeV1(payload)}
	}
	if text(top["source"]) != "" && text(top["detail-type"]) != "" && top["detail"] != nil {
		return event{body: busBody(top)}
	}
	return event{body: payload}
}

// gateway is the payload format of an event of API Gateway; 0 for others.
func gateway(top map[string]json.RawMessage) int {
	var context struct {
		HTTP *struct {
			Method string `json:"method"`
		} `json:"http"`
	}
	if top["requestContext"] == nil || json.Unmarshal(top["requestContext"], &context) != nil {
		return 0
	}
	if context.HTTP != nil && context.HTTP.Method != "" {
		return 2
	}
	if text(top["httpMethod"]) != "" {
		return 1
	}
	return 0
}

// text is the value of a JSON string; "" for anything else.
func text(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}

// scheduled is the detail-type of what a clock sends.
const scheduled = "Scheduled Event"

// busBody makes an operation's body of an event of EventBridge: of a schedule
// its detail, which is an object; of others the members of the envelope under
// names of our own, so that they can be read strictly.
func busBody(top map[string]json.RawMessage) []byte {
	if text(top["detail-type"]) == scheduled {
		return bytes.TrimSpace(top["detail"])
	}
	names := [...]struct{ theirs, ours string }{
		{"id", "event_id"},
		{"source", "source"},
		{"detail-type", "detail_type"},
		{"account", "account"},
		{"region", "region"},
		{"time", "time"},
		{"resources", "resources"},
		{"detail", "detail"},
	}
	body := map[string]json.RawMessage{}
	for _, n := range names {
		if v, ok := top[n.theirs]; ok {
			body[n.ours] = v
		}
	}
	return known(body)
}
