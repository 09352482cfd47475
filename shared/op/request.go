package op

import (
	"mime"
	"strings"

	"github.com/openhostfactory/ohfp/shared/fault"
)

// What the hosts agree on about a request, whatever carries it: the meaning of
// the headers that the API knows.

// RequestID returns the caller's X-Request-Id if it is fit for logs, and else
// what fresh makes.
func RequestID(sent string, fresh func() string) string {
	if sent != "" && len(sent) <= 128 && !strings.ContainsFunc(sent, notIDRune) {
		return sent
	}
	return fresh()
}

func notIDRune(c rune) bool {
	switch {
	case 'A' <= c && c <= 'Z', 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '.', c == '_', c == '-':
		return false
	}
	return true
}

// IdempotencyKey reads the values of the header of that name. None is "".
// invalid_request.
func IdempotencyKey(sent []string) (string, error) {
	if len(sent) == 0 {
		return "", nil
	}
	invisible := func(c rune) bool { return c <= ' ' || c > '~' }
	if k := sent[0]; len(sent) == 1 && k != "" && len(k) <= 255 && !strings.ContainsFunc(k, invisible) {
		return k, nil
	}
	return "", fault.Invalid("Idempotency-Key", "must be given once and be 1 to 255 visible ASCII characters, without spaces")
}

// Prefers reports whether a Prefer header (RFC 7240) names the preference.
// Others are ignored, as that standard asks.
func Prefers(header []string, preference string) bool {
	for _, line := range header {
		for line != "" {
			var item string
			item, line = nextItem(line)
			name, _, _ := strings.Cut(item, ";")
			if strings.EqualFold(strings.TrimSpace(name), preference) {
				return true
			}
		}
	}
	return false
}

// nextItem splits line at its first comma outside quotes.
func nextItem(line string) (item, rest string) {
	quoted, escaped := false, false
	for i, c := range []byte(line) {
		switch {
		case escaped:
			escaped = false
		case quoted && c == '\\':
			escaped = true
		case c == '"':
			quoted = !quoted
		case c == ',' && !quoted:
			return line[:i], line[i+1:]
		}
	}
	return line, ""
}

// CheckMedia refuses a body that is not JSON as it is: coding is the
// Content-Encoding, types are the Content-Types. An empty body needs no type;
// what an empty request means is the operation's business. invalid_request.
func CheckMedia(coding string, types []string, empty bool) error {
	if coding != "" && !strings.EqualFold(coding, "identity") {
		return fault.Invalid("Content-Encoding", "%q is not understood: send the body as it is", Shortened(coding))
	}
	if len(types) == 0 && empty {
		return nil
	}
	if len(types) == 1 {
		if media, _, err := mime.ParseMediaType(types[0]); err == nil && media == "application/json" {
			return nil
		}
	}
	return fault.Invalid("Content-Type", "must be application/json (with curl: -H 'Content-Type: application/json')")
}

// Shortened keeps what a caller sent from filling the answer.
func Shortened(s string) string {
	const most = 120
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "..."
}
