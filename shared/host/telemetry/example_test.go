package telemetry_test

import (
	"log/slog"
	"os"

	"github.com/openhostfactory/ohfp/shared/host/telemetry"
)

// Redact is the rule alone, for a handler of one's own.
func ExampleRedact() {
	log := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return telemetry.Redact(groups, a)
	}}))
	log.Info("template stored", "template_id", "small", "user_data", "#cloud-config ...")
	// Output: level=INFO msg="template stored" template_id=small user_data=[redacted]
}
