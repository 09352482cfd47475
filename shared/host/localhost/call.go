package localhost

import (
	"net"
	"net/http"

	"github.com/openhostfactory/ohfp/shared/op"
)

// call reads what the headers say about a request. invalid_request.
func (s *Server) call(x *exchange, rt route) (op.Call, error) {
	key, err := op.IdempotencyKey(x.request.Header.Values("Idempotency-Key"))
	if err != nil {
		return op.Call{}, err
	}
	c := op.Call{
		Principal: x.who.Name,
		Role:      x.who.Role,
		SourceIP:  sourceIP(x.request),
		RequestID: x.id,
		Now:       x.started,
	}
	if rt.endpoint.Spec.Kind == op.Command {
		c.IdempotencyKey = key
	}
	c.Async = rt.endpoint.Spec.Async && op.Prefers(x.request.Header.Values("Prefer"), "respond-async")
	return c, nil
}

// sourceIP is the address of the peer; "unix" for a socket file.
func sourceIP(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return "unix"
	}
	return host
}
