package main

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestInputIsNotWaitedForForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		never := make(chan struct{})
		defer close(never)
		began := time.Now()
		data, err := soon(t.Context(), inputWithin, func() ([]byte, error) { <-never; return nil, nil })
		if took := time.Since(began); data != nil || !errors.Is(err, errLate) || took != 3*time.Second {
			t.Errorf("%q, %v, after %s", data, err, took)
		}
	})
}
