package localhost

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/op"
)

// Forwarder carries a request out elsewhere. It returns the answer as it is to
// be sent, refusals included; an error when there is none: a [*fault.Error]
// that refuses to pass the request on, any other is internal.
type Forwarder func(context.Context, Forwarded) (Forwarding, error)

// Forwarded is a request that passed the doors: its caller is known and may
// ask for the operation. Nothing else about it was checked.
type Forwarded struct {
	Spec      op.Spec
	Principal string
	RequestID string
	SourceIP  string
	Started   time.Time
	Request   *http.Request // its body is in Body
	Body      []byte
}

// Forwarding is the answer to a forwarded request.
type Forwarding struct {
	Status int
	Header http.Header
	Body   []byte
}

// maxForwarded is the most that is passed on: what an event of a function
// holds. The operation's own, lower limit is for where it is carried out.
const maxForwarded = 6 << 20

// forward passes x on.
func (s *Server) forward(x *exchange, rt route) (reply, error) {
	spec := rt.endpoint.Spec
	body, err := readBody(x, spec.Name, max(maxForwarded, spec.BodyLimit()))
	if err != nil {
		return reply{}, err
	}
	ctx, done := s.context(x.request, spec.Kind)
	defer done()
	a, err := s.cfg.Forward(ctx, Forwarded{
		Spec: spec, Principal: x.who.Name, RequestID: x.id, SourceIP: sourceIP(x.request), Started: x.started, Request: x.request, Body: body,
	})
	if _, refused := errors.AsType[*fault.Error](err); err != nil && !refused {
		err = &fault.Error{Code: fault.Internal, Err: err}
	}
	if err != nil {
		return reply{}, err
	}
	return forwarded(a), nil
}

func forwarded(a Forwarding) reply {
	rep := reply{status: a.Status, media: a.Header.Get("Content-Type"), body: a.Body, header: map[string]string{}}
	for name := range a.Header {
		rep.header[name] = a.Header.Get(name)
	}
	if rep.media == mediaProblem {
		rep.code = problemCode(a.Body)
	}
	return rep
}

// problemCode is for the access line; "" when the document has none.
func problemCode(document []byte) string {
	var p struct {
		Code string `json:"code"`
	}
	if json.Unmarshal(document, &p) != nil {
		return ""
	}
	return p.Code
}
