package telemetry

import (
	"log/slog"
	"slices"
	"strings"
)

// Redacted stands where a secret or a user's data would.
const Redacted = "[redacted]"

// Redact replaces the value of an attribute whose name, or that of a group
// around it, says that it is secret: user_data, token, authorization,
// password, secret, in any case and with '-' or '_'; also as the last word of
// a longer name, as in session_token. It has the shape of
// [slog.HandlerOptions.ReplaceAttr].
//
// It sees names and not contents: a struct that is logged whole under an
// innocent name is written as it is. Log single fields.
func Redact(groups []string, a slog.Attr) slog.Attr {
	if secret(a.Key) || slices.ContainsFunc(groups, secret) {
		return slog.String(a.Key, Redacted)
	}
	return a
}

func secret(name string) bool {
	name = strings.ReplaceAll(strings.ToLower(name), "-", "_")
	for _, word := range [...]string{"user_data", "token", "authorization", "password", "secret"} {
		if name == word || strings.HasSuffix(name, "_"+word) {
			return true
		}
	}
	return false
}
