package localhost

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/openhostfactory/ohfp/shared/fault"
)

const (
	healthPath  = "/healthz"
	openAPIPath = "/v1/openapi.json"
	metricsPath = "/metrics"
	eventsPath  = "/v1/events"
)

// health says whether the store answers. It needs no credentials and takes no
// slot: a probe must be answered when the broker is busy.
func (s *Server) health(x *exchange) (reply, error) {
	x.operation = "healthz"
	if err := s.guard(x.request); err != nil {
		return reply{}, err
	}
	if err := onlyRead(x.request); err != nil {
		return reply{}, err
	}
	if err := s.cfg.Ready(); err != nil {
		return reply{}, &fault.Error{Code: fault.StoreUnavailable, Detail: "The broker is not ready: its store does not answer. Its log says why.", Err: err}
	}
	return jsonReply(http.StatusOK, []byte(`{"status":"ready"}`+"\n")), nil
}

func (s *Server) openAPI(x *exchange) (reply, error) {
	x.operation = "openapi"
	if err := onlyRead(x.request); err != nil {
		return reply{}, err
	}
	return jsonReply(http.StatusOK, s.cfg.OpenAPI), nil
}

// Metrics writes what the broker has counted, in the format that the Accept
// header asks for.
type Metrics func(h http.Header) (media string, body []byte, err error)

// metrics is for whoever may call: it tells no more than a reader may ask.
func (s *Server) metrics(x *exchange) (reply, error) {
	x.operation = "metrics"
	if err := onlyRead(x.request); err != nil {
		return reply{}, err
	}
	media, body, err := s.cfg.Metrics(x.request.Header)
	if err != nil {
		return reply{}, err
	}
	return reply{status: http.StatusOK, media: media, body: body, header: map[string]string{}}, nil
}

// Stream answers r piece by piece, until the context of r ends: its reader has
// left, or the server stops. An error is a refusal: then nothing was written.
type Stream func(w http.ResponseWriter, r *http.Request) error

// events is for whoever may call: it tells no more than a reader may ask.
func (s *Server) events(x *exchange) (reply, error) {
	x.operation = "events"
	if err := allowMethod(x.request, http.MethodGet); err != nil {
		return reply{}, err
	}
	x.writer.Header().Set("X-Content-Type-Options", "nosniff")
	x.writer.Header().Set("X-Request-Id", x.id)
	ctx, cancel := context.WithCancel(x.request.Context())
	defer cancel()
	defer context.AfterFunc(s.soft, cancel)()
	if err := s.cfg.Events(x.writer, x.request.WithContext(ctx)); err != nil {
		return reply{}, err
	}
	return reply{status: http.StatusOK, streamed: true}, nil
}

func onlyRead(r *http.Request) error {
	return allowMethod(r, http.MethodGet, http.MethodHead)
}

// enter takes a slot until the returned function is called.
func (s *Server) enter() (func(), error) {
	select {
	case s.slots <- struct{}{}:
		return func() { <-s.slots }, nil
	default:
		e := fault.New(fault.StoreUnavailable, "The broker serves %d requests already, its limit. Try again in a moment.", cap(s.slots))
		e.RetryAfter = retryWhenBusy
		return nil, e
	}
}

// record writes the access line: these attributes and no others.
func (s *Server) record(x *exchange, rep reply) {
	took := s.cfg.Now().Sub(x.started)
	s.cfg.Log.LogAttrs(x.request.Context(), slog.LevelInfo, "request",
		slog.String("request_id", x.id),
		slog.String("operation", x.operation),
		slog.String("principal", x.who.Name),
		slog.Int("status", rep.status),
		slog.String("code", rep.code),
		slog.Float64("duration_ms", float64(took.Microseconds())/1000),
		slog.Int("bytes", len(rep.body)),
	)
}
