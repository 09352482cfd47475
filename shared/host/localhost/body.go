package localhost

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/op"
)

// body returns the request as JSON: of a GET the query parameters, of a POST
// what was sent, with the type from the path in it. invalid_request, too_large.
func (rt route) body(x *exchange) ([]byte, error) {
	if x.request.Method == http.MethodGet {
		return rt.parameters(x.request)
	}
	if x.request.URL.RawQuery != "" {
		return nil, fault.New(fault.InvalidRequest, "A POST takes its fields in the body, not in the query string.")
	}
	if err := op.CheckMedia(x.request.Header.Get("Content-Encoding"), x.request.Header.Values("Content-Type"), x.request.ContentLength == 0); err != nil {
		return nil, err
	}
	data, err := readBody(x, rt.endpoint.Spec.Name, rt.endpoint.Spec.BodyLimit())
	if err != nil {
		return nil, err
	}
	return op.WithType(data, rt.typeGiven)
}

func (rt route) parameters(r *http.Request) ([]byte, error) {
	if r.ContentLength != 0 {
		return nil, fault.New(fault.InvalidRequest, "A GET takes no body. Send it by POST to the same path, or use query parameters.")
	}
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, fault.New(fault.InvalidRequest, "The query string is malformed. Percent-encode its values and part them by '&'.")
	}
	return op.QueryBody(values, rt.endpoint.In) //nolint:wrapcheck // a fault
}

func readBody(x *exchange, operation string, most int64) ([]byte, error) {
	tooLarge := fault.New(fault.TooLarge, "The body is larger than %d bytes, the most that %s takes.", most, operation)
	if x.request.ContentLength > most {
		return nil, tooLarge
	}
	data, err := io.ReadAll(http.MaxBytesReader(x.writer, x.request.Body, most))
	if _, over := errors.AsType[*http.MaxBytesError](err); over {
		return nil, tooLarge
	}
	if err != nil {
		return nil, &fault.Error{Code: fault.InvalidRequest, Detail: "The body ended before it was complete, or came too slowly.", Err: fmt.Errorf("reading the body: %w", err)}
	}
	return data, nil
}

// longestHeard is how much of a refused body is read: all that ohfp ever sends.
const longestHeard = 8 << 20

// hearOut reads what is left of the body of a refused request. A connection
// that is closed over unread bytes is reset, and the caller, who is still
// sending, never sees the answer. Who asked before sending has sent nothing.
func hearOut(r *http.Request) {
	if r.Header.Get("Expect") == "" {
		_, _ = io.CopyN(io.Discard, r.Body, longestHeard) // whether all of it came changes nothing
	}
}
