package apigateway

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"

	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/host/localhost"
	"github.com/openhostfactory/ohfp/shared/op"
)

// Front passes requests on to functions, which have the names of their
// operations in kebab case.
type Front struct {
	// Invoke calls a function. An error says that it failed or was not run.
	Invoke func(ctx context.Context, function string, payload json.RawMessage) (json.RawMessage, error)
}

var _ localhost.Forwarder = Front{}.Forward

// maxEvent is the most that an event may hold, in bytes. It is more than a body
// of that size: text is escaped in it, and all else is base64.
const maxEvent = 6 << 20

// Forward returns what the function of f's operation answered: too_large when
// its event would be. Other errors are what API Gateway would answer with a
// bare 502: the function failed, or its answer is none.
func (g Front) Forward(ctx context.Context, f localhost.Forwarded) (localhost.Forwarding, error) {
	function := op.Kebab(f.Spec.Name)
	payload, err := json.Marshal(event(f))
	if err != nil {
		return localhost.Forwarding{}, fmt.Errorf("writing an event for %s: %w", function, err)
	}
	if len(payload) > maxEvent {
		return localhost.Forwarding{}, fault.New(fault.TooLarge, "The body is larger than an event of a function can hold, which is %d bytes.", maxEvent)
	}
	out, err := g.Invoke(ctx, function, payload)
	if err != nil {
		return localhost.Forwarding{}, fmt.Errorf("invoking %s: %w", function, err)
	}
	a, err := answer(out)
	if err != nil {
		return localhost.Forwarding{}, fmt.Errorf("reading the answer of %s: %w", function, err)
	}
	return a, nil
}

// event makes an event of a request. The principal takes the place of the ARN
// that IAM would give.
func event(f localhost.Forwarded) events.APIGatewayV2HTTPRequest {
	r := f.Request
	body, encoded := text(f.Body)
	return events.APIGatewayV2HTTPRequest{
		Version: "2.0", RouteKey: r.Method + " " + r.URL.Path, RawPath: r.URL.Path, RawQueryString: r.URL.RawQuery,
		Headers: headers(f), Body: body, IsBase64Encoded: encoded,
		RequestContext: events.APIGatewayV2HTTPRequestContext{
			RouteKey: r.Method + " " + r.URL.Path, Stage: "$default", RequestID: f.RequestID, APIID: "local", DomainName: r.Host,
			Time: f.Started.UTC().Format("02/Jan/2006:15:04:05 -0700"), TimeEpoch: f.Started.UnixMilli(),
			HTTP: events.APIGatewayV2HTTPRequestContextHTTPDescription{
				Method: r.Method, Path: r.URL.Path, Protocol: r.Proto, SourceIP: f.SourceIP, UserAgent: r.UserAgent(),
			},
			Authorizer: &events.APIGatewayV2HTTPRequestContextAuthorizerDescription{
				IAM: &events.APIGatewayV2HTTPRequestContextAuthorizerIAMDescription{UserARN: f.Principal},
			},
		},
	}
}

// headers are in lower case, the values of one joined by commas. The caller's
// credential has done its work.
func headers(f localhost.Forwarded) map[string]string {
	h := make(map[string]string, len(f.Request.Header)+1)
	for name, values := range f.Request.Header {
		h[strings.ToLower(name)] = strings.Join(values, ",")
	}
	delete(h, "authorization")
	h["x-request-id"] = f.RequestID
	return h
}

// text is a body as an event holds it: what is no text as base64.
func text(body []byte) (s string, encoded bool) {
	if utf8.Valid(body) {
		return string(body), false
	}
	return base64.StdEncoding.EncodeToString(body), true
}

var errNoStatus = errors.New("it has no statusCode from 200 to 599")

func answer(payload []byte) (localhost.Forwarding, error) {
	var a events.APIGatewayV2HTTPResponse
	if err := json.Unmarshal(payload, &a); err != nil {
		return localhost.Forwarding{}, err //nolint:wrapcheck // the caller says what it read
	}
	if a.StatusCode < http.StatusOK || a.StatusCode > 599 {
		return localhost.Forwarding{}, errNoStatus
	}
	out := localhost.Forwarding{Status: a.StatusCode, Header: http.Header{}, Body: []byte(a.Body)}
	if a.IsBase64Encoded {
		decoded, err := base64.StdEncoding.DecodeString(a.Body)
		if err != nil {
			return localhost.Forwarding{}, fmt.Errorf("its body is not base64: %w", err)
		}
		out.Body = decoded
	}
	for name, value := range a.Headers {
		out.Header.Set(name, value)
	}
	return out, nil
}
