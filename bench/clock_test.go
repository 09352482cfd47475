package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"
)

func TestTheClockCountsTimeInWhichThereIsACallAndNoTimeTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &clock{}
		takes := func(want time.Duration) {
			t.Helper()
			if got := c.take(); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		}
		takes(0)
		time.Sleep(time.Second) // nothing is under way
		c.begin()
		time.Sleep(2 * time.Second)
		c.begin() // a second call beside the first
		time.Sleep(3 * time.Second)
		c.end()
		time.Sleep(4 * time.Second)
		c.end()
		time.Sleep(5 * time.Second)
		takes(9 * time.Second)
		takes(0)
		c.begin()
		time.Sleep(time.Second)
		takes(time.Second) // of a call that is not over
		time.Sleep(2 * time.Second)
		c.end()
		takes(2 * time.Second)
	})
	if got := (*clock)(nil).take(); got != 0 {
		t.Errorf("no clock counted %s", got)
	}
}

func TestTheClockPassesCallsOn(t *testing.T) {
	behind := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusTeapot)
		_, _ = io.WriteString(w, r.Header.Get("X-Amz-Target"))
	}))
	t.Cleanup(behind.Close)
	c, err := newClock(behind.URL)
	if err != nil {
		t.Fatal(err)
	}
	w, r := httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", http.NoBody)
	r.Header.Set("X-Amz-Target", "DynamoDB.Query")
	c.ServeHTTP(w, r)
	if w.Code != http.StatusTeapot || w.Body.String() != "DynamoDB.Query" {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
	if c.take() <= 0 || c.open != 0 {
		t.Errorf("no time was counted, or %d calls are open", c.open)
	}
}

func TestShare(t *testing.T) {
	if got := share(time.Second, []time.Duration{time.Second, 3 * time.Second}); got != "25 %" {
		t.Errorf("got %q", got)
	}
	if got := share(0, nil); got != "" {
		t.Errorf("of nothing it is %q", got)
	}
}
