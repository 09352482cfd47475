package lambdahost

import (
	"context"
	"log/slog"
	"strings"

	"github.com/openhostfactory/ohfp/shared/host/telemetry"
	"github.com/openhostfactory/ohfp/shared/op"
	"github.com/openhostfactory/ohfp/shared/trace"
)

// DebugVariable names the principals that may see how an answer came about,
// parted by commas: ARNs as API Gateway gives them, or their beginnings with *
// behind them. Without it nobody may.
const DebugVariable = "OHFP_DEBUG_PRINCIPALS"

// traced returns what notes how the answer to x comes about; nil when nobody
// asks, or when who asks may not see it, which he is told in its place.
func (h *Host) traced(ctx context.Context, x *invocation) *trace.Recorder {
	r := x.event.request
	if !op.AsksDebug(r.header[strings.ToLower(op.DebugHeader)]) || r.principal == "" {
		return nil
	}
	x.trace = trace.New(h.cfg.Now, telemetry.Redact)
	if h.cfg.Debug != nil && h.cfg.Debug(r.principal) {
		return x.trace
	}
	x.trace.Add(ctx, "debug lines are not for this caller", slog.String("principal", r.principal), slog.String("needed", "to be named by "+DebugVariable))
	return nil
}

// told adds to a reply what was noted, where there is room for it.
func told(rep reply, r *trace.Recorder) reply {
	if r == nil || len(rep.Body)+trace.MaxBytes > maxAnswer/2 {
		return rep
	}
	rep.Body = string(op.WithDebug([]byte(rep.Body), r.Close()))
	return rep
}

// debuggers reads what [DebugVariable] holds.
func debuggers(list string) func(principal string) bool {
	var exact, begin []string
	for name := range strings.SplitSeq(list, ",") {
		name = strings.TrimSpace(name)
		if head, open := strings.CutSuffix(name, "*"); open {
			begin = append(begin, head)
		} else if name != "" {
			exact = append(exact, name)
		}
	}
	return func(principal string) bool {
		for _, name := range exact {
			if principal == name {
				return true
			}
		}
		for _, head := range begin {
			if strings.HasPrefix(principal, head) {
				return true
			}
		}
		return false
	}
}
