package storetest

import (
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
)

var aKey = broker.Key{Principal: "ada", Operation: "registerTemplate", Key: "k-1"}

func testKeys(t *testing.T, open Open) {
	for _, c := range []struct {
		name string
		run  func(*fixture)
	}{
		{"a key is claimed once", keyClaim},
		{"it expires by the reader's clock", keyExpiry},
		{"a claim whose owner died is free again", keyAbandoned},
		{"a claim with an operation never is", keyOperation},
		{"the first answer stays", keyFinish},
		{"a dropped claim is free, an answer is not dropped", keyDrop},
		{"the parts of a key are apart, whatever is in them", keyParts},
		{"an operation is claimed with its key or not at all", keyWithOperation},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(newFixture(t, open)) })
	}
}

// record reads a key as seen at now, or nil.
func (f *fixture) record(k broker.Key, now time.Time) *broker.KeyRecord {
	f.Helper()
	r, found, err := f.ReadKey(f.Context(), k, now)
	f.ok(err)
	if !found {
		f.same(broker.KeyRecord{}, r)
		return nil
	}
	return &r
}

func keyClaim(f *fixture) {
	f.same((*broker.KeyRecord)(nil), f.record(aKey, start))
	r := keyRecord(aKey)
	f.ok(f.ClaimKey(f.Context(), r, start))
	other := r
	other.Hash = "other"
	f.conflict(f.ClaimKey(f.Context(), other, start), r)
	f.restart()
	f.same(&r, f.record(aKey, start))
}

func keyExpiry(f *fixture) {
	r := keyRecord(aKey)
	r.Done, r.Status, r.Answer = true, 200, []byte(`{"a":"<b>"}`)
	f.ok(f.ClaimKey(f.Context(), r, start))
	f.same(&r, f.record(aKey, r.ExpiresAt.Add(-1)))
	f.conflict(f.ClaimKey(f.Context(), keyRecord(aKey), r.ExpiresAt.Add(-1)), r)
	f.same((*broker.KeyRecord)(nil), f.record(aKey, r.ExpiresAt))
	again := keyRecord(aKey)
	again.Hash, again.ExpiresAt = "again", r.ExpiresAt.Add(time.Hour)
	f.ok(f.ClaimKey(f.Context(), again, r.ExpiresAt))
	f.same(&again, f.record(aKey, r.ExpiresAt))
}

func keyAbandoned(f *fixture) {
	r := keyRecord(aKey)
	f.ok(f.ClaimKey(f.Context(), r, start))
	f.conflict(f.ClaimKey(f.Context(), r, r.LeaseUntil.Add(-1)), r)
	f.same(&r, f.record(aKey, r.LeaseUntil)) // still to be read
	next := r
	next.Hash, next.LeaseUntil = "next", at(time.Hour)
	f.ok(f.ClaimKey(f.Context(), next, r.LeaseUntil))
	f.same(&next, f.record(aKey, r.LeaseUntil))
}

func keyOperation(f *fixture) {
	r := keyRecord(aKey)
	r.OperationID = "op-1"
	f.ok(f.ClaimKey(f.Context(), r, start))
	f.conflict(f.ClaimKey(f.Context(), keyRecord(aKey), at(time.Hour)), r)
}

func keyFinish(f *fixture) {
	r := keyRecord(aKey)
	f.ok(f.ClaimKey(f.Context(), r, start))
	done := r
	done.Done, done.Status, done.Answer = true, 201, []byte("answer")
	f.ok(f.FinishKey(f.Context(), done))
	f.same(&done, f.record(aKey, start))
	late := done
	late.Answer = []byte("another answer")
	f.ok(f.FinishKey(f.Context(), late))
	f.same(&done, f.record(aKey, start))
	f.conflict(f.ClaimKey(f.Context(), r, at(time.Hour)), done)
}

func keyDrop(f *fixture) {
	f.ok(f.DropKey(f.Context(), aKey))
	f.ok(f.ClaimKey(f.Context(), keyRecord(aKey), start))
	f.ok(f.DropKey(f.Context(), aKey))
	f.same((*broker.KeyRecord)(nil), f.record(aKey, start))
	done := keyRecord(aKey)
	done.Done = true
	f.ok(f.ClaimKey(f.Context(), done, start))
	f.ok(f.DropKey(f.Context(), aKey))
	f.same(&done, f.record(aKey, start))
	running := keyRecord(broker.Key{Principal: "ada", Operation: "executeProviderOperation", Key: "k"})
	running.OperationID = "op-1"
	f.ok(f.ClaimKey(f.Context(), running, start))
	f.ok(f.DropKey(f.Context(), running.Key))
	f.same(&running, f.record(running.Key, start))
}

func keyParts(f *fixture) {
	keys := []broker.Key{
		{Principal: "a", Operation: "b", Key: "c"},
		{Principal: "a#b", Operation: "c", Key: "d"},
		{Principal: "a", Operation: "b#c", Key: "d"},
		{Principal: "a", Operation: "b", Key: "c#d"},
		{Principal: "a%23b", Operation: "c", Key: "d"},
		{Principal: "", Operation: "a", Key: "b"},
		{Principal: "arn:aws:iam::1:user/ü", Operation: "x", Key: "with space / and ?"},
	}
	for i, k := range keys {
		r := keyRecord(k)
		r.Status = i
		f.ok(f.ClaimKey(f.Context(), r, start))
	}
	for i, k := range keys {
		r := f.record(k, start)
		if r == nil || r.Status != i {
			f.Errorf("%q: got %+v", k, r)
		}
	}
}

func keyWithOperation(f *fixture) {
	r := keyRecord(aKey)
	r.OperationID = "op-1"
	c := claim(operation("op-1", start), attempt(1))
	c.Key = &r
	f.ok(f.ClaimOperation(f.Context(), c))
	f.same(&r, f.record(aKey, start))

	second := claim(operation("op-2", start), attempt(1))
	second.Key = new(keyRecord(aKey))
	f.conflict(f.ClaimOperation(f.Context(), second), r)
	_, err := f.Ledger(f.Context(), "op-2")
	if err == nil {
		f.Error("the operation was stored although its key was taken")
	}

	other := broker.Key{Principal: "ada", Operation: "x", Key: "free"}
	again := claim(operation("op-1", start), attempt(1))
	again.Key = new(keyRecord(other))
	f.conflict(f.ClaimOperation(f.Context(), again), operation("op-1", start))
	f.same((*broker.KeyRecord)(nil), f.record(other, start))
}
