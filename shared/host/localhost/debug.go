package localhost

import (
	"log/slog"

	"github.com/openhostfactory/ohfp/shared/host/telemetry"
	"github.com/openhostfactory/ohfp/shared/op"
	"github.com/openhostfactory/ohfp/shared/trace"
)

// traced returns what notes how the answer to x comes about, if its caller asks
// for that and may see it; nil if not. Who may not is told so, in the place of
// it: a command must not fail for a debug flag that was left on. Nobody else,
// to whom the request is passed on, is asked then.
func (s *Server) traced(x *exchange) *trace.Recorder {
	if !op.AsksDebug(x.request.Header.Values(op.DebugHeader)) {
		return nil
	}
	x.trace = trace.New(s.cfg.Now, telemetry.Redact)
	if x.who.Role >= op.Debugging {
		return x.trace
	}
	x.request.Header.Del(op.DebugHeader)
	x.trace.Add(x.request.Context(), "debug lines are not for this caller",
		slog.String("principal", x.who.Name), slog.String("role", roleName(x.who.Role)), slog.String("needed", roleName(op.Debugging)))
	return nil
}
