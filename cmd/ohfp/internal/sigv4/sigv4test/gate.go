// Package sigv4test stands in for API Gateway where it judges who calls: it
// computes the signature of each request again, by AWS's description of
// Signature Version 4 and with the standard library alone, and refuses as API
// Gateway does. It is for tests.
package sigv4test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Key is an access key that may call.
type Key struct {
	Secret, Token string
	Until         time.Time // the zero time: for ever
}

// Gate lets signed requests pass to Next.
type Gate struct {
	Service, Region string
	Keys            map[string]Key
	Now             func() time.Time
	Next            http.Handler
}

// refusal is an answer of API Gateway: what it says in x-amzn-ErrorType and in
// its body.
type refusal struct{ kind, message string }

func (r refusal) Error() string { return r.kind + ": " + r.message }

// ServeHTTP refuses what is not signed as it must be.
func (g Gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err == nil {
		err = g.Check(r, body)
	}
	w.Header().Set("Date", g.Now().UTC().Format(http.TimeFormat))
	if no, ok := errors.AsType[refusal](err); ok {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-Amzn-Errortype", no.kind)
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprintf(w, `{"message":%q}`, no.message)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	g.Next.ServeHTTP(w, r)
}

var authorization = regexp.MustCompile(`^AWS4-HMAC-SHA256 Credential=([^/]+)/([0-9]{8})/([^/]+)/([^/]+)/aws4_request, SignedHeaders=([^ ]+), Signature=([0-9a-f]{64})$`)

// Check returns nil for a request that is signed as it must be.
func (g Gate) Check(r *http.Request, body []byte) error {
	m := authorization.FindStringSubmatch(r.Header.Get("Authorization"))
	if m == nil {
		return refusal{"MissingAuthenticationTokenException", "Missing Authentication Token"}
	}
	key, err := g.key(m[1], r.Header.Get("X-Amz-Security-Token"))
	if err != nil {
		return err
	}
	if err := g.timely(m[2], r.Header.Get("X-Amz-Date")); err != nil {
		return err
	}
	signed := strings.Split(m[5], ";")
	if m[3] != g.Region || m[4] != g.Service || !slices.Contains(signed, "host") || m[6] != signature(key.Secret, m[2:5], r, signed, body) {
		return refusal{"InvalidSignatureException", "The request signature we calculated does not match the signature you provided."}
	}
	return nil
}

// key finds an access key that may be used.
func (g Gate) key(id, token string) (Key, error) {
	key, known := g.Keys[id]
	switch {
	case !known || key.Token != token:
		return Key{}, refusal{"UnrecognizedClientException", "The security token included in the request is invalid."}
	case !key.Until.IsZero() && !g.Now().Before(key.Until):
		return Key{}, refusal{"ExpiredTokenException", "The security token included in the request is expired"}
	}
	return key, nil
}

// timely judges the time of a signature, which the day in its scope must be of.
func (g Gate) timely(day, date string) error {
	at, err := time.Parse("20060102T150405Z", date)
	switch {
	case err != nil || at.Format("20060102") != day:
		return refusal{"IncompleteSignatureException", "Date must be in ISO-8601 'basic format'"}
	case g.Now().Sub(at).Abs() > 5*time.Minute:
		return refusal{"InvalidSignatureException", "Signature expired"}
	}
	return nil
}

// signature is that of a request, over the headers named in signed; scope is
// day, region and service.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
func signature(secret string, scope []string, r *http.Request, signed []string, body []byte) string {
	request := strings.Join([]string{r.Method, path(r.URL), query(r.URL), headers(r, signed), strings.Join(signed, ";"), digest(body)}, "\n")
	text := strings.Join([]string{"AWS4-HMAC-SHA256", r.Header.Get("X-Amz-Date"), strings.Join(scope, "/") + "/aws4_request", digest([]byte(request))}, "\n")
	key := []byte("AWS4" + secret)
	for _, part := range append(slices.Clone(scope), "aws4_request") {
		key = mac(key, part)
	}
	return hex.EncodeToString(mac(key, text))
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text)) // a hash takes everything
	return h.Sum(nil)
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// path is encoded once more than it is sent.
func path(u *url.URL) string {
	if u.Path == "" {
		return "/"
	}
	parts := strings.Split(u.EscapedPath(), "/")
	for i := range parts {
		parts[i] = encode(parts[i])
	}
	return strings.Join(parts, "/")
}

// query is sorted by name, then by value, both as they are encoded.
func query(u *url.URL) string {
	encoded := map[string][]string{}
	for name, values := range u.Query() {
		for _, value := range values {
			encoded[encode(name)] = append(encoded[encode(name)], encode(value))
		}
	}
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(encoded)) {
		for _, value := range slices.Sorted(slices.Values(encoded[name])) {
			pairs = append(pairs, name+"="+value)
		}
	}
	return strings.Join(pairs, "&")
}

func headers(r *http.Request, signed []string) string {
	var lines strings.Builder
	for _, name := range signed {
		values := r.Header.Values(name)
		switch name {
		case "host": // net/http keeps it apart
			values = []string{r.Host}
		case "content-length":
			values = []string{fmt.Sprint(r.ContentLength)}
		}
		for i := range values {
			values[i] = strings.Join(strings.Fields(values[i]), " ")
		}
		lines.WriteString(name + ":" + strings.Join(values, ",") + "\n")
	}
	return lines.String()
}

// encode is AWS's percent-encoding: of all but letters, digits and -._~.
func encode(s string) string {
	return strings.ReplaceAll(url.QueryEscape(s), "+", "%20")
}
