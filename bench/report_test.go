package main

import (
	"testing"
	"time"
)

func TestQuantile(t *testing.T) {
	hundred := make([]time.Duration, 100)
	for i := range hundred {
		hundred[i] = time.Duration(100 - i) // 100 … 1: the order must not matter
	}
	for _, c := range []struct {
		name    string
		samples []time.Duration
		q       float64
		want    time.Duration
	}{
		{"of nothing is 0", nil, 0.5, 0},
		{"of one sample is that one", []time.Duration{7}, 0.99, 7},
		{"half of 1 to 100 lies below 51", hundred, 0.5, 51},
		{"99 of 1 to 100 lie below 100", hundred, 0.99, 100},
		{"all of 1 to 100 end at 100", hundred, 1, 100},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := quantile(c.samples, c.q); got != c.want {
				t.Errorf("got %d, want %d", got, c.want)
			}
		})
	}
}
