package lambdahost

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/op"
)

// request is one of API Gateway, whatever its format was.
type request struct {
	method, path string
	header       map[string][]string // names in lower case
	query        map[string][]string
	body         string
	encoded      bool // the body is base64
	principal    string
	sourceIP     string
	id           string // API Gateway's
	err          error  // why it cannot be read
}

// malformed is a request that has the marks of a format but not its shape.
func malformed(err error) *request {
	return &request{err: &fault.Error{Code: fault.InvalidRequest, Detail: "The event is not one that API Gateway sends.", Err: err}}
}

// decodeV2 reads payload format 2.0: of an HTTP API, or of a function's URL.
func decodeV2(payload []byte) *request {
	var e events.APIGatewayV2HTTPRequest
	if err := json.Unmarshal(payload, &e); err != nil {
		return malformed(err)
	}
	r := &request{
		method: e.RequestContext.HTTP.Method, path: e.RawPath,
		header: map[string][]string{}, body: e.Body, encoded: e.IsBase64Encoded,
		sourceIP: e.RequestContext.HTTP.SourceIP, id: e.RequestContext.RequestID,
	}
	for name, value := range e.Headers {
		r.header[strings.ToLower(name)] = []string{value}
	}
	if a := e.RequestContext.Authorizer; a != nil {
		r.principal = principalV2(a)
	}
	query, err := url.ParseQuery(e.RawQueryString)
	if err != nil {
		r.err = fault.New(fault.InvalidRequest, "The query string is malformed. Percent-encode its values and part them by '&'.")
	}
	r.query = query
	return r
}

func principalV2(a *events.APIGatewayV2HTTPRequestContextAuthorizerDescription) string {
	switch {
	case a.IAM != nil:
		return a.IAM.UserARN
	case a.JWT != nil:
		return a.JWT.Claims["sub"]
	}
	return ""
}

// decodeV1 reads payload format 1.0: of a REST API.
func decodeV1(payload []byte) *request {
	var e events.APIGatewayProxyRequest
	if err := json.Unmarshal(payload, &e); err != nil {
		return malformed(err)
	}
	r := &request{
		method: e.HTTPMethod, path: e.Path, header: map[string][]string{},
		query: merged(e.MultiValueQueryStringParameters, e.QueryStringParameters),
		body:  e.Body, encoded: e.IsBase64Encoded,
		sourceIP: e.RequestContext.Identity.SourceIP, id: e.RequestContext.RequestID,
		principal: principalV1(e.RequestContext),
	}
	for name, values := range merged(e.MultiValueHeaders, e.Headers) {
		r.header[strings.ToLower(name)] = values
	}
	return r
}

func principalV1(c events.APIGatewayProxyRequestContext) string {
	if c.Identity.UserArn != "" {
		return c.Identity.UserArn
	}
	claims, ok := c.Authorizer["claims"].(map[string]any)
	if !ok {
		return ""
	}
	sub, ok := claims["sub"].(string)
	if !ok {
		return ""
	}
	return sub
}

// merged returns all, or the single values where a stage sends no others.
func merged(all map[string][]string, single map[string]string) map[string][]string {
	if len(all) > 0 {
		return all
	}
	out := make(map[string][]string, len(single))
	for k, v := range single {
		out[k] = []string{v}
	}
	return out
}

// first is the first value of a header.
func (r *request) first(name string) string {
	if v := r.header[name]; len(v) > 0 {
		return v[0]
	}
	return ""
}

// call reads what the gateway and the headers say about a request.
// unauthenticated, invalid_request.
func (r *request) call(spec op.Spec) (op.Call, error) {
	if r.principal == "" {
		return op.Call{}, fault.New(fault.Unauthenticated, "API Gateway has not authenticated this request. The route needs an IAM or JWT authorizer.")
	}
	key, err := op.IdempotencyKey(r.header["idempotency-key"])
	if err != nil {
		return op.Call{}, err
	}
	c := op.Call{Principal: r.principal, Role: spec.Role, SourceIP: r.sourceIP}
	if spec.Kind == op.Command {
		c.IdempotencyKey = key
	}
	c.Async = spec.Async && op.Prefers(r.header["prefer"], "respond-async")
	return c, nil
}

// route checks that r asks for the operation, and returns the type in its
// path. A stage or a mapping may stand before the path. not_found.
func (r *request) route(spec op.Spec) (string, error) {
	for _, at := range op.Routes(spec) {
		i := strings.Index(r.path, at.Path)
		if at.Method != r.method || i < 0 {
			continue
		}
		if r.path[i:] == at.Path {
			return "", nil
		}
		if kind, ok := op.TypeInPath(r.path[i:]); ok && spec.Name == op.TypedOperation {
			return kind, nil
		}
	}
	return "", fault.New(fault.NotFound, "There is nothing at %s %q: this function carries out %s.", op.Shortened(r.method), op.Shortened(r.path), spec.Name)
}

// json returns the request as JSON: of a GET the query parameters, of a POST
// what was sent, with the type from the path in it. invalid_request, too_large.
func (r *request) json(d op.Described, kind string) ([]byte, error) {
	in, _ := d.Types()
	if r.method == "GET" {
		if r.body != "" {
			return nil, fault.New(fault.InvalidRequest, "A GET takes no body. Send it by POST to the same path, or use query parameters.")
		}
		return op.QueryBody(r.query, in)
	}
	if len(r.query) > 0 {
		return nil, fault.New(fault.InvalidRequest, "A POST takes its fields in the body, not in the query string.")
	}
	if err := op.CheckMedia(r.first("content-encoding"), r.header["content-type"], r.body == ""); err != nil {
		return nil, err
	}
	body, err := r.plain(d.Describe())
	if err != nil {
		return nil, err
	}
	return op.WithType(body, kind)
}

// plain is the body as it was sent.
func (r *request) plain(spec op.Spec) ([]byte, error) {
	body := []byte(r.body)
	if r.encoded {
		decoded, err := base64.StdEncoding.DecodeString(r.body)
		if err != nil {
			return nil, &fault.Error{Code: fault.InvalidRequest, Detail: "The body is not the base64 that the event says it is.", Err: err}
		}
		body = decoded
	}
	if most := spec.BodyLimit(); int64(len(body)) > most {
		return nil, fault.New(fault.TooLarge, "The body is larger than %d bytes, the most that %s takes.", most, spec.Name)
	}
	return body, nil
}
