package localhost

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/op"
)

const defaultMaxBody = 64 << 10

var errNoObject = errors.New("not an object")

// body returns the request as JSON: of a GET the query parameters, of a POST
// what was sent, with the type from the path in it. invalid_request, too_large.
func (rt route) body(x *exchange) ([]byte, error) {
	if x.request.Method == http.MethodGet {
		return rt.parameters(x.request)
	}
	if x.request.URL.RawQuery != "" {
		return nil, fault.New(fault.InvalidRequest, "A POST takes its fields in the body, not in the query string.")
	}
	if err := checkMedia(x.request); err != nil {
		return nil, err
	}
	data, err := readBody(x, rt.endpoint.Spec)
	if err != nil {
		return nil, err
	}
	return rt.withType(data)
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

func checkMedia(r *http.Request) error {
	if coding := r.Header.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		return fault.Invalid("Content-Encoding", "%q is not understood: send the body as it is", shortened(coding))
	}
	sent := r.Header.Values("Content-Type")
	if len(sent) == 0 && r.ContentLength == 0 {
		return nil // what an empty request means is the operation's business
	}
	if len(sent) == 1 {
		if media, _, err := mime.ParseMediaType(sent[0]); err == nil && media == "application/json" {
			return nil
		}
	}
	return fault.Invalid("Content-Type", "must be application/json (with curl: -H 'Content-Type: application/json')")
}

func readBody(x *exchange, spec op.Spec) ([]byte, error) {
	most := spec.MaxBody
	if most == 0 {
		most = defaultMaxBody
	}
	tooLarge := fault.New(fault.TooLarge, "The body is larger than %d bytes, the most that %s takes.", most, spec.Name)
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

// withType puts the type of the path into a body without one. A body that
// names another is refused; one that is malformed passes unchanged, for the
// operation to refuse.
func (rt route) withType(body []byte) ([]byte, error) {
	if rt.typeGiven == "" {
		return body, nil
	}
	given, found, err := topLevel(body, typeField)
	if err != nil {
		return body, nil //nolint:nilerr // the operation says what is malformed
	}
	if !found {
		return rt.insertType(body), nil
	}
	if name, ok := given.(string); ok && !strings.EqualFold(name, rt.typeGiven) {
		return nil, fault.Invalid(typeField, "is %q, and the path says %s: leave one of them out", shortened(name), rt.typeGiven)
	}
	return body, nil
}

// insertType expects an object, or nothing.
func (rt route) insertType(body []byte) []byte {
	head := fmt.Sprintf("{%q:%q", typeField, rt.typeGiven)
	rest := bytes.TrimSpace(body)
	if len(rest) == 0 {
		return []byte(head + "}")
	}
	rest = bytes.TrimSpace(rest[1:])
	if rest[0] != '}' {
		head += ","
	}
	return append([]byte(head), rest...)
}

// topLevel returns the value of the first such key of a JSON object. An empty
// body has none.
func topLevel(body []byte, key string) (value any, found bool, err error) {
	dec := json.NewDecoder(bytes.NewReader(body))
	open, err := dec.Token()
	if errors.Is(err, io.EOF) {
		return nil, false, nil
	}
	if err != nil || open != json.Delim('{') {
		return nil, false, fmt.Errorf("reading an object: %w", errors.Join(err, errNoObject))
	}
	for dec.More() {
		name, nameErr := dec.Token()
		if err := errors.Join(nameErr, dec.Decode(&value)); err != nil {
			return nil, false, fmt.Errorf("reading a member: %w", err)
		}
		if name == key {
			return value, true, nil
		}
	}
	_, err = dec.Token()   // the closing brace
	return nil, false, err //nolint:wrapcheck // nil or io.ErrUnexpectedEOF; only its presence counts
}
