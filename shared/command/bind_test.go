package command

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/op"
)

// keyring is a broker.Keys that keeps one record per key.
type keyring map[broker.Key]broker.KeyRecord

func (k keyring) ReadKey(_ context.Context, key broker.Key, _ time.Time) (broker.KeyRecord, bool, error) {
	r, ok := k[key]
	return r, ok, nil
}

func (k keyring) ClaimKey(_ context.Context, r broker.KeyRecord, now time.Time) error {
	old, ok := k[r.Key]
	if ok && old.ExpiresAt.After(now) && (old.Done || old.LeaseUntil.After(now)) {
		return &broker.Conflict{What: "the key", Current: old}
	}
	k[r.Key] = r
	return nil
}

func (k keyring) FinishKey(_ context.Context, r broker.KeyRecord) error {
	k[r.Key] = r
	return nil
}

func (k keyring) DropKey(_ context.Context, key broker.Key) error {
	delete(k, key)
	return nil
}

// greeter is a command that counts how often it is carried out.
type greeter struct {
	calls int
	fails error
}

func (g *greeter) endpoint(spec op.Spec) op.Endpoint {
	return op.Endpoint{Spec: spec, Serve: func(context.Context, op.Call, []byte) (op.Answer, error) {
		g.calls++
		if g.fails != nil {
			return op.Answer{}, g.fails
		}
		return op.Answer{Status: 200, Body: []byte(`{"hello":"world"}`)}, nil
	}}
}

func TestOnce(t *testing.T) {
	noon := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	command := op.Spec{Name: "greet", Kind: op.Command}
	call := op.Call{Principal: "ann", IdempotencyKey: "k1"}
	setUp := func(spec op.Spec) (*greeter, op.Endpoint, keyring, *time.Time) {
		g, ring, now := &greeter{}, keyring{}, noon
		return g, once(g.endpoint(spec), Service{Keys: ring, Now: func() time.Time { return now }}), ring, &now
	}

	t.Run("the same key and content get the stored answer", func(t *testing.T) {
		g, e, _, _ := setUp(command)
		first, err1 := e.Serve(t.Context(), call, []byte(`{"a": 1, "b": 2}`))
		second, err2 := e.Serve(t.Context(), call, []byte(`{"b":2,"a":1}`))
		if err := errors.Join(err1, err2); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(first, second); diff != "" || g.calls != 1 {
			t.Fatalf("carried out %d times, answers differ by:\n%s", g.calls, diff)
		}
	})
	t.Run("other content under the key is refused", func(t *testing.T) {
		g, e, _, _ := setUp(command)
		if _, err := e.Serve(t.Context(), call, []byte(`{"a":1}`)); err != nil {
			t.Fatal(err)
		}
		if _, err := e.Serve(t.Context(), call, []byte(`{"a":2}`)); !fault.Is(err, fault.IdempotencyKeyReused) || g.calls != 1 {
			t.Fatalf("carried out %d times, got %v", g.calls, err)
		}
	})
	t.Run("keys of two principals are apart", func(t *testing.T) {
		g, e, _, _ := setUp(command)
		for _, who := range []string{"ann", "ben"} {
			if _, err := e.Serve(t.Context(), op.Call{Principal: who, IdempotencyKey: "k1"}, []byte(`{"who":"`+who+`"}`)); err != nil {
				t.Fatal(err)
			}
		}
		if g.calls != 2 {
			t.Fatalf("carried out %d times", g.calls)
		}
	})
	t.Run("a refused request frees its key", func(t *testing.T) {
		g, e, _, _ := setUp(command)
		g.fails = fault.Invalid("a", "no")
		if _, err := e.Serve(t.Context(), call, []byte(`{"a":1}`)); !fault.Is(err, fault.InvalidRequest) {
			t.Fatal(err)
		}
		g.fails = nil
		if _, err := e.Serve(t.Context(), call, []byte(`{"a":2}`)); err != nil || g.calls != 2 {
			t.Fatalf("carried out %d times, got %v", g.calls, err)
		}
	})
	t.Run("one that runs is not run twice, until its owner must be dead", func(t *testing.T) {
		g, e, ring, now := setUp(command)
		if _, err := e.Serve(t.Context(), call, []byte(`{"a":1}`)); err != nil {
			t.Fatal(err)
		}
		for k, r := range ring { // as its owner left it when it died
			r.Done = false
			ring[k] = r
		}
		_, err := e.Serve(t.Context(), call, []byte(`{"a":1}`))
		if !fault.Is(err, fault.OperationInProgress) || fault.As(err).RetryAfter != 15*time.Second || g.calls != 1 {
			t.Fatalf("carried out %d times, got %v, retry after %v", g.calls, err, fault.As(err).RetryAfter)
		}
		*now = noon.Add(15 * time.Second)
		if _, err := e.Serve(t.Context(), call, []byte(`{"a":1}`)); err != nil || g.calls != 2 {
			t.Fatalf("carried out %d times, got %v", g.calls, err)
		}
	})
	t.Run("queries and commands that keep their own keys are left alone", func(t *testing.T) {
		for _, spec := range []op.Spec{{Kind: op.Query}, {Kind: op.Command, OwnsKeys: true}, {Kind: op.Step}} {
			g, e, ring, _ := setUp(spec)
			for range 2 {
				if _, err := e.Serve(t.Context(), call, []byte(`{}`)); err != nil {
					t.Fatal(err)
				}
			}
			if g.calls != 2 || len(ring) != 0 {
				t.Fatalf("%+v: carried out %d times, %d keys", spec, g.calls, len(ring))
			}
		}
	})
}
