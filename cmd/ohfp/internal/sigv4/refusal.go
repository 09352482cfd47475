package sigv4

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// skew is how far a clock may be off before a signature is refused.
const skew = 5 * time.Minute

// Refused says why API Gateway refused a signed call, as far as it told, and
// what to do. "" when its answer is not about the signature.
//
// It tells in x-amzn-ErrorType and in the message of its body; an HTTP API says
// "Forbidden" alone, whatever the reason.
func (s *Signer) Refused(status int, h http.Header, body []byte) string {
	if status != http.StatusForbidden && status != http.StatusUnauthorized {
		return ""
	}
	if off, wrong := s.clock(h); wrong {
		return fmt.Sprintf("the clock of this machine is %s off the endpoint's, and signatures are good for %s: set it right", off, skew)
	}
	var says struct{ Message string } // "message" or "Message"
	_ = json.Unmarshal(body, &says)   // what is no JSON says nothing
	kind, _, _ := strings.Cut(h.Get("X-Amzn-Errortype"), ":")
	return s.reason(kind, strings.ToLower(says.Message))
}

// clock is how far the endpoint's clock was off ours when it answered.
func (s *Signer) clock(h http.Header) (off time.Duration, wrong bool) {
	theirs, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return 0, false
	}
	off = s.at.Sub(theirs).Abs().Round(time.Second)
	return off, off >= skew
}

func (s *Signer) reason(kind, message string) string {
	has := func(words string) bool { return strings.Contains(message, words) }
	switch {
	case kind == "ExpiredTokenException", has("token included in the request is expired"):
		return fmt.Sprintf("the credentials of %s have expired: %s", s.source.name, s.source.renewal())
	case kind == "UnrecognizedClientException", has("token included in the request is invalid"):
		return fmt.Sprintf("AWS does not know the credentials of %s: is the access key still active, and is the session token the one that came with it?", s.source.name)
	case kind == "InvalidSignatureException", has("signature we calculated"):
		return fmt.Sprintf("the signature is wrong: is the secret key of %s right, and %s the endpoint's region? A proxy that changes requests breaks signatures, too", s.source.name, s.region)
	case has("not authorized to perform"):
		return fmt.Sprintf("whom the credentials of %s belong to may not call this: a policy must allow execute-api:Invoke (%q)", s.source.name, message)
	}
	return fmt.Sprintf("API Gateway does not say why. Whom the credentials of %s belong to needs execute-api:Invoke on this route; "+
		"\"aws sts get-caller-identity\" shows who it is, and whether the credentials are good. "+
		"If the endpoint takes tokens instead of signatures: --auth bearer", s.source.name)
}
