package broker_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/shared/broker"
)

func TestThePaceIsThePeakOrElseTheMean(t *testing.T) {
	mean, peak := time.Second, time.Minute
	for _, c := range []struct {
		measured broker.Measured
		want     time.Duration
		ok       bool
	}{
		{broker.Measured{Latency: &mean, Peak: &peak}, time.Minute, true},
		{broker.Measured{Latency: &mean}, time.Second, true},
		{broker.Measured{Peak: new(time.Duration)}, 0, true},
		{broker.Measured{}, 0, false},
	} {
		if got, ok := c.measured.Pace(); got != c.want || ok != c.ok {
			t.Errorf("got %v, %v; want %v, %v", got, ok, c.want, c.ok)
		}
	}
}

func TestAPlaceIsReadFromLabels(t *testing.T) {
	for name, c := range map[string]struct {
		labels map[string]string
		want   broker.Place
	}{
		"nothing":               {nil, broker.Place{}},
		"names":                 {map[string]string{"region": "eu-1", "geography": "eu", "team": "x"}, broker.Place{Region: "eu-1", Geography: "eu"}},
		"coordinates":           {map[string]string{"latitude": "-33.9", "longitude": "151"}, broker.Place{Point: &broker.Point{Latitude: -33.9, Longitude: 151}}},
		"half of them":          {map[string]string{"latitude": "1"}, broker.Place{}},
		"the other half":        {map[string]string{"longitude": "1"}, broker.Place{}},
		"too far north":         {map[string]string{"latitude": "91", "longitude": "1"}, broker.Place{}},
		"too far west":          {map[string]string{"latitude": "1", "longitude": "-181"}, broker.Place{}},
		"no number":             {map[string]string{"latitude": "NaN", "longitude": "1"}, broker.Place{}},
		"no number to the east": {map[string]string{"latitude": "1", "longitude": "NaN"}, broker.Place{}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, broker.PlaceOf(c.labels)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAViewIsWhereItsTagsSay(t *testing.T) {
	r := broker.Registration{Name: "a", Tags: map[string]string{"region": "eu-1"}}
	if got := r.View().Place.Region; got != "eu-1" {
		t.Errorf("got %q", got)
	}
}
