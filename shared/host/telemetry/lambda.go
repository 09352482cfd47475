package telemetry

import (
	"context"
	"io"
	"log/slog"
	"strings"
)

// The variables by which Lambda says how a function shall log.
const (
	lambdaLevel  = "AWS_LAMBDA_LOG_LEVEL"
	lambdaFormat = "AWS_LAMBDA_LOG_FORMAT"
)

// Levels that Lambda knows beyond those of slog.
const (
	levelTrace = slog.LevelDebug - 4
	levelFatal = slog.LevelError + 4
)

// Lambda makes the logger of a function. It writes JSON with the members that
// Lambda's log controls read (timestamp, level, message), or lines of text
// when AWS_LAMBDA_LOG_FORMAT asks for Text; from AWS_LAMBDA_LOG_LEVEL on, else
// from info. Lines that are logged with a context of [WithRequest] bear the
// id of the invocation. An unknown level is info and is logged as a warning.
func Lambda(w io.Writer, getenv func(string) string) *slog.Logger {
	level, known := parseLambdaLevel(getenv(lambdaLevel))
	opt := &slog.HandlerOptions{Level: level, ReplaceAttr: replaceLambda}
	var h slog.Handler = slog.NewJSONHandler(w, opt)
	if strings.EqualFold(getenv(lambdaFormat), "text") {
		h = slog.NewTextHandler(w, opt)
	}
	log := slog.New(requestHandler{h})
	if !known {
		log.Warn("the log level is not known, info is used", "variable", lambdaLevel)
	}
	return log
}

func parseLambdaLevel(s string) (level slog.Level, known bool) {
	switch strings.ToUpper(s) {
	case "TRACE":
		return levelTrace, true
	case "FATAL":
		return levelFatal, true
	}
	level, err := ParseLevel(s)
	return level, err == nil
}

func replaceLambda(groups []string, a slog.Attr) slog.Attr {
	if len(groups) > 0 {
		return replace(groups, a)
	}
	switch a.Key {
	case slog.TimeKey:
		a = replace(groups, a)
		a.Key = "timestamp"
		return a
	case slog.MessageKey:
		a.Key = "message"
		return a
	}
	return replace(groups, a)
}

type requestKey struct{}

// WithRequest puts the id of the invocation into ctx, for the log.
func WithRequest(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestKey{}, id)
}

// requestHandler adds the id of the invocation to each line, under the name
// that Powertools uses.
type requestHandler struct{ slog.Handler }

func (h requestHandler) Handle(ctx context.Context, r slog.Record) error {
	if id, ok := ctx.Value(requestKey{}).(string); ok && id != "" {
		r.AddAttrs(slog.String("function_request_id", id))
	}
	return h.Handler.Handle(ctx, r) //nolint:wrapcheck // a handler passes on what the next says
}

func (h requestHandler) WithAttrs(a []slog.Attr) slog.Handler {
	return requestHandler{h.Handler.WithAttrs(a)}
}

func (h requestHandler) WithGroup(name string) slog.Handler {
	return requestHandler{h.Handler.WithGroup(name)}
}
