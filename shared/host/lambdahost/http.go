package lambdahost

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"

	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/op"
	"github.com/openhostfactory/ohfp/shared/trace"
)

// reply is what goes back to API Gateway, in a shape that both of its formats
// take.
type reply struct {
	StatusCode      int               `json:"statusCode"`
	Headers         map[string]string `json:"headers"`
	Body            string            `json:"body"`
	IsBase64Encoded bool              `json:"isBase64Encoded"`

	code fault.Code // of a problem; not sent
}

// answerHTTP answers a request. Its error is always nil: whatever failed is a
// problem document, for a failed function would be a bare 502.
func (h *Host) answerHTTP(ctx context.Context, x *invocation) ([]byte, error) {
	r := x.event.request
	x.id = op.RequestID(r.first("x-request-id"), func() string { return or(r.id, x.function) })
	asked := h.traced(ctx, x)
	rep, err := h.operate(trace.With(ctx, asked), x)
	if err != nil {
		rep = h.refusal(ctx, x, err)
	}
	rep = told(rep, x.trace)
	out := known(rep)
	if len(out) > maxAnswer {
		rep = h.refusal(ctx, x, fault.New(fault.TooLarge, "The answer is larger than the %d bytes that a function may return. Ask for less at a time.", maxAnswer))
		out = known(rep)
	}
	h.record(ctx, x, rep)
	h.measure(ctx, x, rep.StatusCode >= http.StatusInternalServerError)
	return out, nil
}

func or(s, other string) string {
	if s != "" {
		return s
	}
	return other
}

// operate takes a request through the same doors as localhost.
func (h *Host) operate(ctx context.Context, x *invocation) (rep reply, err error) {
	defer h.recovered(ctx, &err)
	r := x.event.request
	if r.err != nil {
		return reply{}, r.err
	}
	kind, err := r.route(h.spec)
	if err != nil {
		return reply{}, err
	}
	call, err := r.call(h.spec)
	if err != nil {
		return reply{}, err
	}
	call.RequestID, call.Now = x.id, x.started
	body, err := r.json(h.cfg.Operation, kind)
	if err != nil {
		return reply{}, err
	}
	a, err := h.serve(ctx, call, body)
	if err != nil {
		return reply{}, err
	}
	return accepted(x, a, call), nil
}

func accepted(x *invocation, a op.Answer, call op.Call) reply {
	rep := newReply(x, a.Status, "application/json", a.Body)
	if a.Location != "" {
		rep.Headers["Location"] = a.Location
	}
	if call.Async && a.Status == http.StatusAccepted {
		rep.Headers["Preference-Applied"] = "respond-async"
	}
	return rep
}

// newReply makes a reply that nobody may keep.
func newReply(x *invocation, status int, media string, body []byte) reply {
	return reply{StatusCode: status, Body: string(body), Headers: map[string]string{
		"Content-Type":           media,
		"Cache-Control":          "no-store",
		"X-Content-Type-Options": "nosniff",
		"X-Request-Id":           x.id,
	}}
}

// refusal makes the problem document of err, and logs what it does not tell.
func (h *Host) refusal(ctx context.Context, x *invocation, err error) reply {
	f := fault.As(err)
	h.logCause(ctx, x, f)
	status, body := op.Problem(err, op.Shortened(x.event.request.path), x.id)
	rep := newReply(x, status, op.ProblemType, body)
	rep.code = f.Code
	if f.RetryAfter > 0 {
		rep.Headers["Retry-After"] = strconv.FormatInt(op.WholeSeconds(f.RetryAfter), 10)
	}
	if f.Code == fault.Unauthenticated {
		rep.Headers["WWW-Authenticate"] = "AWS4-HMAC-SHA256"
	}
	return rep
}

// logCause writes what of a failure does not leave, and all of one that
// somebody has to mend.
func (h *Host) logCause(ctx context.Context, x *invocation, f *fault.Error) {
	level := severity(f)
	if f.Err == nil && level < slog.LevelError {
		return
	}
	h.logFailure(ctx, x, f, level)
}

// severity is ERROR for our own mistakes, and for a store that does not come
// back by itself, as one does that is throttled.
func severity(f *fault.Error) slog.Level {
	if f.Code.Status() == http.StatusInternalServerError || f.Code == fault.StoreUnavailable && f.RetryAfter == 0 {
		return slog.LevelError
	}
	return slog.LevelWarn
}

// logFailure writes one line. A panic has its own already.
func (h *Host) logFailure(ctx context.Context, x *invocation, f *fault.Error, level slog.Level) {
	text := or(f.Detail, f.Code.Title())
	switch {
	case errors.Is(f.Err, errPanic):
		return
	case f.Err != nil:
		text = f.Err.Error()
	}
	h.cfg.Log.Log(ctx, level, "request failed", "request_id", x.id, "operation", h.spec.Name, "code", string(f.Code), "error", text)
}

// record writes the access line: these attributes and no others.
func (h *Host) record(ctx context.Context, x *invocation, rep reply) {
	h.cfg.Log.LogAttrs(ctx, slog.LevelInfo, "request",
		slog.String("request_id", x.id),
		slog.String("operation", h.spec.Name),
		slog.String("principal", x.event.request.principal),
		slog.Int("status", rep.StatusCode),
		slog.String("code", string(rep.code)),
		slog.Float64("duration_ms", h.took(x)),
		slog.Int("bytes", len(rep.Body)),
	)
}
