package op_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/op"
)

func serve(t *testing.T, call op.Call, body string) (op.Answer, op.Call, error) {
	t.Helper()
	var seen op.Call
	a, err := feed.Bind(zoo{&seen}).Serve(t.Context(), call, []byte(body))
	return a, seen, err
}

func TestEndpoint_hands_the_decoded_request_and_the_call_to_the_handler(t *testing.T) {
	given := op.Call{Principal: "ann", Role: op.Operator, RequestID: "r1", IdempotencyKey: "k", Async: true, Now: time.Unix(5, 0)}
	got, seen, err := serve(t, given, `{"animal":"bear"}`)
	if err != nil {
		t.Fatal(err)
	}
	if want := (op.Answer{Status: 200, Body: []byte(`{"fed":"bear & <co>","grams":100}`)}); !cmp.Equal(want, got) {
		t.Error(cmp.Diff(want, got))
	}
	seen.BodyHash, given.Operation = "", "feedAnimal"
	if diff := cmp.Diff(given, seen); diff != "" {
		t.Error(diff)
	}
}

func TestEndpoint_hashes_equal_bodies_alike(t *testing.T) {
	hash := func(body string) string {
		_, seen, err := serve(t, op.Call{}, body)
		if err != nil {
			t.Fatal(err)
		}
		return seen.BodyHash
	}
	// printf '{"animal":"bear","grams":2}' | sha256sum
	const want = "028a9fd8e1dd7ba3f640df15b3d846073459b613a603074008600caf45406927"
	for _, body := range []string{`{"animal":"bear","grams":2}`, `{ "grams": 2.0, "animal": "b\u0065ar" }`} {
		if got := hash(body); got != want {
			t.Errorf("%s: got %s, want %s", body, got, want)
		}
	}
	if hash(`{"animal":"bear","grams":3}`) == want {
		t.Error("another body has the same hash")
	}
}

func TestEndpoint_answers_202_when_the_work_goes_on(t *testing.T) {
	got, _, err := serve(t, op.Call{}, `{"animal":"whale"}`)
	if err != nil || got.Status != 202 || got.Location != "/v1/queries/getFeeding?id=1" {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestEndpoint_returns_faults_only(t *testing.T) {
	for body, code := range map[string]fault.Code{
		`{"animal":"tiger"}`: fault.Conflict,
		`{"animal":"ghost"}`: fault.Internal,
		`{"animl":"bear"}`:   fault.InvalidRequest,
		``:                   fault.InvalidRequest,
		`{"animal":"` + strings.Repeat("x", 70_000): fault.TooLarge,
	} {
		_, _, err := serve(t, op.Call{}, body)
		var f *fault.Error
		if !errors.As(err, &f) || f.Code != code {
			t.Errorf("%.40s: got %v, want %s", body, err, code)
		}
	}
}

func TestEndpoint_ends_a_handler_at_the_timeout_of_its_spec(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		_, _, err := serve(t, op.Call{}, `{"animal":"sloth"}`)
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 5*time.Second {
			t.Errorf("got %v after %v", err, time.Since(start))
		}
	})
}

func TestRoutes_follow_from_the_kind(t *testing.T) {
	got := [][]op.Route{
		op.Routes(op.Spec{Name: "feed", Kind: op.Command}), op.Routes(op.Spec{Name: "look", Kind: op.Query}),
		op.Routes(op.Spec{Name: "step", Kind: op.Step}), op.Routes(op.Spec{Name: "tick", Kind: op.Schedule}),
	}
	want := [][]op.Route{
		{{"POST", "/v1/commands/feed"}}, {{"GET", "/v1/queries/look"}, {"POST", "/v1/queries/look"}}, nil, nil,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestKebab_puts_a_dash_before_each_word(t *testing.T) {
	for name, want := range map[string]string{
		"executeProviderOperation": "execute-provider-operation", "operation_type": "operation-type", "listIPAddresses": "list-ip-addresses",
		"getX": "get-x", "a": "a", "": "", "vm2Type": "vm2-type", "max_ID": "max-id", "getID": "get-id",
	} {
		if got := op.Kebab(name); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
}
