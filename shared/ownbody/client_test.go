package ownbody_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/openhostfactory/ohfp/shared/ownbody"
)

// late answers before it has read the request, as a quick server lets a
// transport do.
type late struct{ body io.Reader }

func (l *late) Do(r *http.Request) (*http.Response, error) {
	l.body = r.Body
	return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, nil
}

func TestABodyOutlivesItsRequest(t *testing.T) {
	for name, own := range map[string]bool{"with a body of its own": true, "as the SDK gives it": false} {
		transport := &late{}
		var by smithyhttp.ClientDo = transport
		if own {
			by = ownbody.Client{By: transport}
		}
		r := smithyhttp.NewStackRequest().(*smithyhttp.Request) //nolint:errcheck,forcetypeassert // it is one
		r.URL.Host, r.URL.Scheme = "localhost", "http"
		r, err := r.SetStream(strings.NewReader("all of it"))
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := smithyhttp.NewClientHandlerWithOptions(by).Handle(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(transport.body)
		if whole := err == nil && string(got) == "all of it"; whole != own {
			t.Errorf("%s: the transport still reads %q, %v", name, got, err)
		}
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("broken") }

func TestABodyThatCannotBeReadIsNotSent(t *testing.T) {
	transport := &late{}
	r := httptest.NewRequest(http.MethodPost, "/", broken{})
	if _, err := (ownbody.Client{By: transport}).Do(r); err == nil || transport.body != nil {
		t.Errorf("sent: %v, %v", transport.body, err)
	}
	if same, err := ownbody.Of(httptest.NewRequest(http.MethodGet, "/", http.NoBody)); err != nil || same.GetBody != nil {
		t.Errorf("a request without a body is as it was: %+v, %v", same, err)
	}
}

func ExampleOf() {
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader("a form"))
	own, err := ownbody.Of(r)
	if err != nil {
		fmt.Println(err)
		return
	}
	_ = r.Body.Close() // as the SDK does
	text, err := io.ReadAll(own.Body)
	fmt.Println(string(text), err)
	// Output: a form <nil>
}
