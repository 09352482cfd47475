package command

import (
	"context"
	"errors"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/op"
)

// keyMargin is how much longer a claim of a key lives than its handler.
const keyMargin = 5 * time.Second

// Bind returns an operation of this room with the service behind it. Commands
// honour idempotency keys: the same key and body get the stored answer, also
// while the broker is frozen. One that keeps its keys itself, in the
// transaction of its claim, is left alone; so is what is no command.
func Bind[In, Out any](o op.Op[Service, In, Out], s Service) op.Endpoint {
	return once(unlessFrozen(o.Bind(s), s), s)
}

func once(e op.Endpoint, s Service) op.Endpoint {
	if e.Spec.Kind != op.Command || e.Spec.OwnsKeys {
		return e
	}
	k := keyed{next: e, keys: s.Keys, now: s.Now}
	e.Serve = k.serve
	return e
}

type keyed struct {
	next op.Endpoint
	keys broker.Keys
	now  func() time.Time
}

func (k keyed) serve(ctx context.Context, call op.Call, body []byte) (op.Answer, error) {
	if call.IdempotencyKey == "" {
		return k.next.Serve(ctx, call, body)
	}
	hash, err := op.BodyHash(body)
	if err != nil {
		return op.Answer{}, fault.As(err)
	}
	now := k.now()
	claim := broker.KeyRecord{
		Key:  broker.Key{Principal: call.Principal, Operation: k.next.Spec.Name, Key: call.IdempotencyKey},
		Hash: hash, LeaseUntil: now.Add(max(k.next.Spec.Timeout, op.DefaultTimeout) + keyMargin), ExpiresAt: now.Add(keyLife),
	}
	err = k.keys.ClaimKey(ctx, claim, now)
	if c := new(broker.Conflict); errors.As(err, &c) {
		if r, ok := c.Current.(broker.KeyRecord); ok {
			return replay(r, hash, now)
		}
	}
	if err != nil {
		return op.Answer{}, fault.As(err)
	}
	return k.run(ctx, call, body, claim)
}

// run carries the command out and stores its answer. A refused one frees the
// key: nothing was done.
func (k keyed) run(ctx context.Context, call op.Call, body []byte, claim broker.KeyRecord) (op.Answer, error) {
	a, err := k.next.Serve(ctx, call, body)
	after := context.WithoutCancel(ctx)
	if err != nil {
		return op.Answer{}, errors.Join(err, k.keys.DropKey(after, claim.Key))
	}
	claim.Done, claim.Status, claim.Answer = true, a.Status, a.Body
	if err := k.keys.FinishKey(after, claim); err != nil {
		return op.Answer{}, fault.As(err)
	}
	return a, nil
}

func replay(r broker.KeyRecord, hash string, now time.Time) (op.Answer, error) {
	if r.Hash != hash {
		return op.Answer{}, fault.New(fault.IdempotencyKeyReused, "the idempotency key was used for another request; take a new key for each new request")
	}
	if !r.Done {
		e := fault.New(fault.OperationInProgress, "the request of this idempotency key is still being carried out; send it again later")
		e.RetryAfter = max(time.Second, r.LeaseUntil.Sub(now))
		return op.Answer{}, e
	}
	return op.Answer{Status: r.Status, Body: r.Answer}, nil
}
