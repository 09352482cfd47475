package broker_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
)

var ada = broker.Actor{Principal: "ada", SourceIP: "192.0.2.7", RequestID: "r-7", Operation: "registerTemplate"}

// entryOf is the one entry that a template's change makes.
func entryOf(t interface{ Fatalf(string, ...any) }, before, after *broker.Template) broker.AuditEvent {
	got, err := broker.TemplateAudit(before, after, ada)
	if err != nil || len(got) != 1 {
		t.Fatalf("%v, %v", got, err)
	}
	return got[0]
}

func TestPrivate_names_what_is_nobody_elses_business(t *testing.T) {
	for key, want := range map[string]bool{
		"user_data": true, "userData": true, "User-Data": true, "user_data_file": false, "data": false, "user": false,
		"password": true, "db.Password": true, "AWS_SECRET_ACCESS_KEY": true, "access-key-id": true, "session token": true,
		"apiKey": true, "credentials": true, "passphrase": true, "private_key": true, "key_name": false, "price_type": false, "": false,
	} {
		if got := broker.Private(key); got != want {
			t.Errorf("%q: want %v", key, want)
		}
	}
}

// TestNothingPrivateIsInAChange draws documents in which every private key has
// a canary, in whatever shape and wherever it stands.
func TestNothingPrivateIsInAChange(t *testing.T) {
	key := rapid.SampledFrom([]string{"a", "name", "user_data", "password", "apiToken"})
	var value func(depth int, private bool) *rapid.Generator[any]
	object := func(depth int) *rapid.Generator[any] {
		return rapid.Custom(func(r *rapid.T) any {
			o := map[string]any{}
			for _, k := range rapid.SliceOfNDistinct(key, 0, 4, rapid.ID).Draw(r, "keys") {
				o[k] = value(depth-1, broker.Private(k)).Draw(r, k)
			}
			return o
		})
	}
	value = func(depth int, private bool) *rapid.Generator[any] {
		word := "open"
		if private {
			word = "c4n4ry"
		}
		leaf := rapid.Map(rapid.IntRange(0, 2), func(n int) any { return fmt.Sprint(word, n) })
		if depth <= 0 {
			return leaf
		}
		list := rapid.Map(rapid.SliceOfN(value(depth-1, private), 0, 3), func(l []any) any { return l })
		if private {
			return rapid.OneOf(leaf, list)
		}
		return rapid.OneOf(leaf, list, object(depth))
	}
	rapid.Check(t, func(r *rapid.T) {
		got, err := broker.Changes(object(4).Draw(r, "before"), object(4).Draw(r, "after"))
		if err != nil {
			r.Fatal(err)
		}
		raw, err := json.Marshal(got)
		if err != nil {
			r.Fatal(err)
		}
		if strings.Contains(string(raw), "c4n4ry") {
			r.Errorf("something private is told: %s", raw)
		}
	})
}

// TestAnEntryIsBoundedWhateverChanged: and every field that changed is told or
// counted, once.
func TestAnEntryIsBoundedWhateverChanged(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		after := broker.Template{ID: "t", Tags: map[string]string{}}
		n := rapid.IntRange(1, 60).Draw(r, "tags")
		for i := range n {
			after.Tags[fmt.Sprintf("%02d", i)] = strings.Repeat(rapid.SampledFrom([]string{"x", "\"", "ä", "\U0001F5A5"}).Draw(r, "letter"), rapid.IntRange(1, 2000).Draw(r, "length"))
		}
		e := entryOf(r, &broker.Template{ID: "t"}, &after)
		raw, err := json.Marshal(e)
		if err != nil {
			r.Fatal(err)
		}
		if len(raw) > 9<<10 || len(e.Changes)+e.Omitted != n {
			r.Errorf("%d bytes with %d of %d changes and %d omitted", len(raw), len(e.Changes), n, e.Omitted)
		}
		for _, c := range e.Changes {
			whole := after.Tags[strings.Trim(strings.TrimPrefix(c.Field, "tags."), `"`)]
			if text, _ := c.To.(string); c.Cut == (text == whole) || !utf8.ValidString(text) {
				r.Errorf("%s is cut: %v, %q of %q", c.Field, c.Cut, text, whole)
			}
		}
	})
}

func TestACancellationSaysWhatItCameTo(t *testing.T) {
	by := broker.Actor{Principal: "ada", Operation: "cancelRequest"}
	o := broker.Operation{ID: "req-1", Status: broker.OpCancelled, Request: &broker.HostRequest{}}
	want := []broker.AuditEvent{{
		Actor: by, Operation: "cancelRequest", Action: broker.AuditChanged, Subject: broker.AuditRequest, Name: "req-1",
		Changes: []broker.Change{{Field: "cancelled", From: false, To: true}, {Field: "status", From: broker.OpRunning, To: broker.OpCancelled}},
	}}
	if d := cmp.Diff(want, broker.CancellationAudit(broker.OpRunning, &o, by)); d != "" {
		t.Errorf("want -, got +:\n%s", d)
	}
	o.Status, o.Request = broker.OpRunning, nil
	want[0].Subject, want[0].Changes = broker.AuditOperation, want[0].Changes[:1]
	if d := cmp.Diff(want, broker.CancellationAudit(broker.OpRunning, &o, by)); d != "" {
		t.Errorf("want -, got +:\n%s", d)
	}
}

func TestMoment_is_a_time_or_how_long_ago(t *testing.T) {
	for text, want := range map[string]string{
		"90m": "2026-03-01T10:30:00Z", "0s": "2026-03-01T12:00:00Z", "2026-01-31T12:00:00+01:00": "2026-01-31T11:00:00Z",
	} {
		got, err := broker.Moment("since", text, noon)
		if err != nil || got.UTC().Format("2006-01-02T15:04:05Z") != want {
			t.Errorf("%s: want %s, got %v, %v", text, want, got, err)
		}
	}
	for _, text := range []string{"", "yesterday", "-1h", "2026-01-31", "12"} {
		_, err := broker.Moment("until", text, noon)
		if e := fault.As(err); err == nil || e.Code != fault.InvalidRequest || e.Fields[0].Field != "until" {
			t.Errorf("%q: %v", text, err)
		}
	}
}
