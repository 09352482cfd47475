package eventqueue

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/openhostfactory/ohfp/shared/fault"
)

// How often a message is handed out before it is deleted without a record.
const (
	// ofNobody is for an event of a machine that is not known: each time one of
	// the brokers on the queue gets it, which may be the wrong one, and a record
	// may be on its way. With turn, that is well over a minute.
	ofNobody = 20
	turn     = 5 // seconds until the next one gets it
	// senseless is for what is no event of a machine. A queue that moves what was
	// received less often to another (a redrive policy) keeps it.
	senseless = 5
)

// verdict is what becomes of a message: it is over, it is for others, it fails,
// or, the zero value, it comes again when its time is up.
type verdict struct {
	over   bool
	others bool
	err    error
}

// handle records the event of a message.
func (r *Reader) handle(ctx context.Context, m *types.Message) verdict {
	body, err := eventOf(text(m.Body))
	known := false
	if err == nil {
		known, err = r.o.Record(ctx, body)
	}
	switch {
	case fault.Is(err, fault.InvalidRequest) || fault.Is(err, fault.TooLarge):
		return r.refuse(ctx, m, err)
	case err != nil:
		return verdict{err: err}
	case known || received(m) >= ofNobody:
		return verdict{over: true}
	}
	return verdict{others: true}
}

// refuse is the verdict on what is no event of a machine. Its text is not
// logged: nobody knows whose it is.
func (r *Reader) refuse(ctx context.Context, m *types.Message, err error) verdict {
	over := received(m) >= senseless
	if over || received(m) == 1 {
		r.o.Log.WarnContext(ctx, "a message on the queue is no event of a machine; let its rule send none but those that docs/aws.md names",
			"queue", r.o.URL, "message_id", text(m.MessageId), "deleted", over, "error", err.Error())
	}
	return verdict{over: over}
}

// envelope is an event as EventBridge writes it.
type envelope struct {
	ID         string          `json:"id"`
	Source     string          `json:"source"`
	DetailType string          `json:"detail-type"`
	Account    string          `json:"account"`
	Region     string          `json:"region"`
	Time       json.RawMessage `json:"time"`
	Resources  []string        `json:"resources"`
	Detail     json.RawMessage `json:"detail"`
}

// eventOf makes an operation's body of a message: the members of the envelope
// under the names that the operation has for them. invalid_request for what is
// no event.
func eventOf(message string) ([]byte, error) {
	var e envelope
	if err := json.Unmarshal([]byte(message), &e); err != nil {
		return nil, &fault.Error{Code: fault.InvalidRequest, Detail: "The message is no event of EventBridge.", Err: err}
	}
	body, err := json.Marshal(map[string]any{
		"event_id": e.ID, "source": e.Source, "detail_type": e.DetailType, "account": e.Account, "region": e.Region,
		"time": e.Time, "resources": e.Resources, "detail": e.Detail,
	})
	if err != nil {
		return nil, fmt.Errorf("writing an event: %w", err)
	}
	return body, nil
}
