package sigv4test_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/cmd/ohfp/internal/sigv4/sigv4test"
)

// The signatures are those of AWS's published test suite of Signature Version 4
// (aws-sig-v4-test-suite).
func TestAWSsOwnExamplesPass(t *testing.T) {
	noon := time.Date(2015, 8, 30, 12, 36, 0, 0, time.UTC)
	gate := sigv4test.Gate{
		Service: "service", Region: "us-east-1", Now: func() time.Time { return noon },
		Keys: map[string]sigv4test.Key{"AKIDEXAMPLE": {Secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}},
	}
	for name, c := range map[string]struct{ method, target, body, contentType, signed, signature string }{
		"get-vanilla":                {"GET", "/", "", "", "host;x-amz-date", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
		"get-vanilla-query-order":    {"GET", "/?Param2=value2&Param1=value1", "", "", "host;x-amz-date", "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
		"post-vanilla":               {"POST", "/", "", "", "host;x-amz-date", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
		"post-x-www-form-urlencoded": {"POST", "/", "Param1=value1", "application/x-www-form-urlencoded", "content-type;host;x-amz-date", "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(c.method, "http://example.amazonaws.com"+c.target, strings.NewReader(c.body))
			r.Header = http.Header{"X-Amz-Date": {"20150830T123600Z"}}
			if c.contentType != "" {
				r.Header.Set("Content-Type", c.contentType)
			}
			sign := func(signature string) {
				r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders="+c.signed+", Signature="+signature)
			}
			sign(c.signature)
			if err := gate.Check(r, []byte(c.body)); err != nil {
				t.Errorf("as published: %v", err)
			}
			if gate.Check(r, []byte(c.body+"x")) == nil {
				t.Error("another body passes, too")
			}
			sign(strings.Repeat("0", 64))
			if gate.Check(r, []byte(c.body)) == nil {
				t.Error("another signature passes, too")
			}
		})
	}
}
