package aws

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/providers"
)

// classify makes the provider's error of an error of the SDK. sent says
// whether the request itself may have reached EC2.
func classify(ctx context.Context, err error, sent bool) *fault.ProviderError {
	p := &fault.ProviderError{Class: fault.Server, Sent: sent, Local: providers.LocalOrigin(err), Err: err}
	if api, ok := errors.AsType[smithy.APIError](err); ok && !(sent && broken(err)) {
		answered(p, api)
		return p
	}
	switch late := ctx.Err(); {
	case errors.Is(late, context.Canceled):
		p.Class, p.Code, p.Message = fault.Cancelled, "cancelled", "who asked has gone away"
	case !sent:
		unsent(p)
	case late != nil || timedOut(err):
		p.Class, p.Code, p.Message = fault.Timeout, "timeout", "EC2 did not answer in time"
	default:
		p.Code, p.Message = "no_answer", "the connection to EC2 broke before its answer was read"
	}
	return p
}

// broken reports whether an answer could not be read to its end.
func broken(err error) bool {
	_, ok := errors.AsType[*smithy.DeserializationError](err)
	return ok
}

// answered fills in what EC2, or STS before it, answered.
func answered(p *fault.ProviderError, api smithy.APIError) {
	p.Code = api.ErrorCode()
	p.Class = classOf(p.Code, api.ErrorMessage())
	p.Message = explain("EC2 refuses", api)
	if c, ok := errors.AsType[*credentialsError](p.Err); ok {
		p.Message = explain(c.who+" cannot be used", api)
		if p.Class != fault.Throttle && p.Class != fault.Server {
			p.Class = fault.Auth
		}
	}
	if what := remedy(p.Code, p.Class); what != "" {
		p.Message += "; " + what
	}
	if p.Class == fault.Throttle {
		p.RetryAfter = hint(p.Err)
	}
}

// maxMessage is how much of a vendor's text is passed on, in bytes: some hold
// kilobytes of encoded detail.
const maxMessage = 300

func explain(what string, api smithy.APIError) string {
	text := strings.TrimSpace(strings.ToValidUTF8(api.ErrorMessage(), "?"))
	if i := strings.Index(text, "Encoded authorization failure message"); i >= 0 {
		text = strings.TrimSpace(text[:i])
	}
	return what + ": " + strings.TrimSuffix(cut(text), ".") + " (" + api.ErrorCode() + ")"
}

func cut(text string) string {
	if len(text) <= maxMessage {
		return text
	}
	return strings.ToValidUTF8(text[:maxMessage], "") + "…"
}

// unsent fills in why a request did not leave.
func unsent(p *fault.ProviderError) {
	if c, ok := errors.AsType[*credentialsError](p.Err); ok && !unreachable(p.Err) {
		p.Class, p.Code, p.Message = fault.Auth, "credentials", c.who+" cannot be used; check how the broker finds them"
		return
	}
	if r, ok := errors.AsType[refusal](p.Err); ok {
		p.Class, p.Code, p.Message = fault.OfferingConfig, "endpoint", string(r)
		return
	}
	p.Class, p.Code, p.Message = fault.Down, "unreachable", "EC2 cannot be reached"
	if _, ok := errors.AsType[*smithy.InvalidParamsError](p.Err); ok {
		p.Class, p.Code, p.Message = fault.Validation, "incomplete", "the request would be incomplete"
	}
}

func unreachable(err error) bool {
	_, ok := errors.AsType[net.Error](err)
	return ok
}

func timedOut(err error) bool {
	n, ok := errors.AsType[net.Error](err)
	return ok && n.Timeout()
}

// defaultHint is when to come back after throttling: EC2 says nothing of it,
// and its buckets are refilled each second.
const defaultHint = 5 * time.Second

// hint is the delay that the answer asks for.
func hint(err error) time.Duration {
	r, ok := errors.AsType[*smithyhttp.ResponseError](err)
	if !ok || r.Response == nil {
		return defaultHint
	}
	n, err := strconv.Atoi(r.Response.Header.Get("Retry-After"))
	if err != nil || n < 1 {
		return defaultHint
	}
	return time.Duration(n) * time.Second
}

// status is the HTTP status of an answer; 0: there was none.
func status(err error) int {
	if r, ok := errors.AsType[*smithyhttp.ResponseError](err); ok && r.Response != nil {
		return r.HTTPStatusCode()
	}
	return 0
}

// allowed reports whether an answer says that a dry run would have worked.
func allowed(err error) bool {
	p := fault.AsProvider(err)
	return p != nil && p.Code == "DryRunOperation" && status(p.Err) == http.StatusPreconditionFailed
}

// coded reports whether err is an answer with a code that begins like this.
func coded(err error, prefix string) bool {
	p, ok := errors.AsType[*fault.ProviderError](err)
	return ok && strings.HasPrefix(p.Code, prefix)
}

// vendorText is what EC2 itself said, uncut.
func vendorText(p *fault.ProviderError) string {
	if api, ok := errors.AsType[smithy.APIError](p.Err); ok {
		return api.ErrorMessage()
	}
	return ""
}
