package localhost

import (
	"net"
	"net/http"
	"strings"

	"github.com/google/uuid"

	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/op"
)

// call reads what the headers say about a request. invalid_request.
func (s *Server) call(x *exchange, rt route) (op.Call, error) {
	key, err := idempotencyKey(x.request)
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
	c.Async = rt.endpoint.Spec.Async && prefers(x.request.Header.Values("Prefer"), "respond-async")
	return c, nil
}

// requestID returns the caller's X-Request-Id if it is fit for logs, and else
// a new one.
func requestID(r *http.Request) string {
	if id := r.Header.Get("X-Request-Id"); id != "" && len(id) <= 128 && !strings.ContainsFunc(id, notIDRune) {
		return id
	}
	return uuid.NewString()
}

func notIDRune(c rune) bool {
	switch {
	case 'A' <= c && c <= 'Z', 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '.', c == '_', c == '-':
		return false
	}
	return true
}

func idempotencyKey(r *http.Request) (string, error) {
	sent := r.Header.Values("Idempotency-Key")
	if len(sent) == 0 {
		return "", nil
	}
	invisible := func(c rune) bool { return c <= ' ' || c > '~' }
	if k := sent[0]; len(sent) == 1 && k != "" && len(k) <= 255 && !strings.ContainsFunc(k, invisible) {
		return k, nil
	}
	return "", fault.Invalid("Idempotency-Key", "must be given once and be 1 to 255 visible ASCII characters, without spaces")
}

// prefers reports whether a Prefer header (RFC 7240) names the preference.
// Others are ignored, as that standard asks.
func prefers(header []string, preference string) bool {
	for _, line := range header {
		for line != "" {
			var item string
			item, line = nextItem(line)
			name, _, _ := strings.Cut(item, ";")
			if strings.EqualFold(strings.TrimSpace(name), preference) {
				return true
			}
		}
	}
	return false
}

// nextItem splits line at its first comma outside quotes.
func nextItem(line string) (item, rest string) {
	quoted, escaped := false, false
	for i, c := range []byte(line) {
		switch {
		case escaped:
			escaped = false
		case quoted && c == '\\':
			escaped = true
		case c == '"':
			quoted = !quoted
		case c == ',' && !quoted:
			return line[:i], line[i+1:]
		}
	}
	return line, ""
}

// sourceIP is the address of the peer; "unix" for a socket file.
func sourceIP(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return "unix"
	}
	return host
}
