package localhost

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/op"
)

const (
	mediaJSON    = "application/json"
	mediaProblem = op.ProblemType

	retryWhenBusy = time.Second
)

// safely is answer with a panic turned into an internal error, whose stack
// goes to the log.
func (s *Server) safely(x *exchange) (rep reply, err error) {
	defer func() {
		if p := recover(); p != nil {
			s.cfg.Log.Error("panic", "request_id", x.id, "operation", x.operation, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			err = &fault.Error{Code: fault.Internal}
		}
	}()
	return s.answer(x)
}

// refusal makes the problem document of err, and logs what it does not tell.
func (s *Server) refusal(x *exchange, err error) reply {
	f := fault.As(err)
	if f.Err != nil {
		s.cfg.Log.Log(x.request.Context(), severity(f.Code), "request failed",
			"request_id", x.id, "operation", x.operation, "code", string(f.Code), "error", f.Err.Error())
	}
	status, body := op.Problem(err, op.Shortened(x.request.URL.Path), x.id)
	rep := reply{status: status, code: string(f.Code), media: mediaProblem, body: body, header: map[string]string{}}
	if f.RetryAfter > 0 {
		rep.header["Retry-After"] = strconv.FormatInt(op.WholeSeconds(f.RetryAfter), 10)
	}
	if f.Code == fault.Unauthenticated {
		rep.header["WWW-Authenticate"] = `Bearer realm="ohfp"`
	}
	if wrong, ok := errors.AsType[*wrongMethod](err); ok {
		rep.header["Allow"] = wrong.allow
		rep.status, rep.body = http.StatusMethodNotAllowed, restated(body, http.StatusMethodNotAllowed)
	}
	return rep
}

// severity is ERROR for what is our fault.
func severity(c fault.Code) slog.Level {
	if c.Status() == http.StatusInternalServerError {
		return slog.LevelError
	}
	return slog.LevelWarn
}

// restated returns a problem document with another status: the API has no
// code for 405, and HTTP asks for that status where there is an Allow header.
func restated(problem []byte, status int) []byte {
	var doc map[string]any
	if err := json.Unmarshal(problem, &doc); err != nil {
		return problem
	}
	doc["status"] = status
	out, err := json.Marshal(doc)
	if err != nil {
		return problem
	}
	return out
}

// accepted makes the reply of an operation that was carried out.
func accepted(a op.Answer, call op.Call) reply {
	rep := jsonReply(a.Status, a.Body)
	if a.Location != "" {
		rep.header["Location"] = a.Location
	}
	if call.Async && a.Status == http.StatusAccepted {
		rep.header["Preference-Applied"] = "respond-async"
	}
	return rep
}

func jsonReply(status int, body []byte) reply {
	return reply{status: status, media: mediaJSON, body: body, header: map[string]string{}}
}

// write sends rep. Nothing about it may be kept: not by caches, not by a
// browser that guesses its type.
func (s *Server) write(x *exchange, rep reply) {
	h := x.writer.Header()
	h.Set("Content-Type", rep.media)
	h.Set("Content-Length", strconv.Itoa(len(rep.body)))
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Request-Id", x.id)
	for k, v := range rep.header {
		h.Set(k, v)
	}
	x.writer.WriteHeader(rep.status)
	if x.request.Method == http.MethodHead {
		return
	}
	if _, err := x.writer.Write(rep.body); err != nil {
		s.cfg.Log.LogAttrs(x.request.Context(), slog.LevelDebug, "the caller went away before the answer",
			slog.String("request_id", x.id), slog.String("error", err.Error()))
	}
}
