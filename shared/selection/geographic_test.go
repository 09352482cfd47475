package selection_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/selection"
)

// cities are where they are, by degrees.
var cities = map[string]broker.Point{
	"london": {Latitude: 51.51, Longitude: -0.13}, "paris": {Latitude: 48.86, Longitude: 2.35},
	"tokyo": {Latitude: 35.68, Longitude: 139.69}, "sydney": {Latitude: -33.87, Longitude: 151.21},
	"san-francisco": {Latitude: 37.77, Longitude: -122.42}, "suva": {Latitude: -18.12, Longitude: 178.45},
	"apia": {Latitude: -13.83, Longitude: -171.76},
}

func city(name string) broker.ProviderView {
	return provider(name, func(v *broker.ProviderView) {
		p := cities[name]
		v.Zone, v.Place = "", broker.Place{Point: &p}
	})
}

func from(o broker.Origin) selection.Request {
	return create(func(r *selection.Request) { r.Origin = o })
}

// local are one provider in each class of distance from zone r1a.
func local() []broker.ProviderView {
	return []broker.ProviderView{
		provider("nowhere", place("", "", "")), provider("geography", place("r2a", "r2", "eu")),
		provider("region", place("r1b", "r1", "eu")), provider("zone", place("r1a", "r1", "eu")),
	}
}

func TestTheNearestIsTaken(t *testing.T) {
	london := cities["london"]
	for name, c := range map[string]struct {
		providers []broker.ProviderView
		origin    broker.Origin
		want      string
	}{
		"by zone, region, geography; what the origin does not say is known from its zone": {
			local(), broker.Origin{Zone: "r1a"}, "zone region geography nowhere",
		},
		"by region": {local(), broker.Origin{Place: broker.Place{Region: "r2"}}, "geography region zone nowhere"},
		"by the globe": {
			[]broker.ProviderView{city("sydney"), city("tokyo"), city("paris"), city("san-francisco")},
			broker.Origin{Place: broker.Place{Point: &london}},
			"paris san-francisco tokyo sydney", // 343, 8,617, 9,559, 16,994 km
		},
		"across the date line": {
			[]broker.ProviderView{city("apia"), city("sydney"), city("suva")},
			broker.Origin{Place: broker.Place{Point: &broker.Point{Latitude: -18, Longitude: 179}}},
			"suva apia sydney",
		},
		"without an origin all take turns": {many("b a"), broker.Origin{}, "a b"},
		"an origin that nobody knows":      {local()[1:3], broker.Origin{Zone: "moon"}, "geography region"},
	} {
		t.Run(name, func(t *testing.T) {
			got := strings.Join(decide(snapshot(c.providers...), from(c.origin), broker.Geographic).Ranked(), " ")
			if got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestDistancesAreShownInKilometres(t *testing.T) {
	london := cities["london"]
	r := decide(snapshot(city("paris"), city("sydney")), from(broker.Origin{Place: broker.Place{Point: &london}}), broker.Geographic)
	for _, v := range r.Verdicts() {
		if want := map[string]string{"paris": "343 km", "sydney": "16994 km"}[v.Provider]; v.Value != want {
			t.Errorf("%s: %s, want %s", v.Provider, v.Value, want)
		}
	}
}

func TestEquallyNearTakeTurns(t *testing.T) {
	s := newSeries(broker.Geographic, snapshot(
		provider("a", place("z", "", "")), provider("b", place("z", "", "")), provider("c", place("y", "", "")),
	), from(broker.Origin{Zone: "z"}))
	if got := s.counts(100); got["a"] != 50 || got["b"] != 50 {
		t.Error(got)
	}
}

func TestResidencyIsHard(t *testing.T) {
	var dst selection.Result
	rapid.Check(t, func(t *rapid.T) {
		m := drawModel(t)
		m.policy, m.request.Criteria.Zones = broker.Geographic, []string{"eu"}
		m.request.Origin = broker.Origin{Zone: "a"}
		m.run(&dst)
		for _, v := range m.snapshot.Providers {
			for _, name := range dst.Ranked() {
				if v.Name == name && v.Place.Geography != "eu" {
					t.Fatalf("%s is in %+v", name, v.Place)
				}
			}
		}
	})
}

func TestTheLocalAreLeftWhenTheyAreATenthFullerThanTheRest(t *testing.T) {
	for name, c := range map[string]struct {
		zone, region, geography func(*broker.ProviderView)
		want                    string
	}{
		"not much fuller":                   {room(50, 100), room(60, 100), room(60, 100), "zone region geography nowhere"},
		"fuller":                            {room(49, 100), room(60, 100), room(60, 100), "region geography zone nowhere"},
		"the mean counts":                   {room(49, 100), room(70, 100), room(40, 100), "zone region geography nowhere"},
		"the region is as full":             {room(5, 100), room(10, 100), room(90, 100), "geography zone region nowhere"},
		"nothing is known of the rest":      {room(1, 100), room(0, 0), room(0, 0), "zone region geography nowhere"},
		"nothing is known of the local one": {room(0, 0), room(90, 100), room(90, 100), "zone region geography nowhere"},
	} {
		t.Run(name, func(t *testing.T) {
			l := local()
			c.geography(&l[1])
			c.region(&l[2])
			c.zone(&l[3])
			got := strings.Join(decide(snapshot(l...), from(broker.Origin{Zone: "r1a"}), broker.Geographic).Ranked(), " ")
			if got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// Machines are made until nothing is free: the local pool is never more than a
// tenth and a machine fuller than the others, and never emptier while work
// comes from its zone.
func TestFillingUpKeepsTheLocalATenthAhead(t *testing.T) {
	const size = 50
	free := map[string]int{"near": size, "far-1": size, "far-2": size}
	for made := 0; made < 3*size; made++ {
		s := snapshot()
		for _, name := range []string{"near", "far-1", "far-2"} {
			s.Providers = append(s.Providers, provider(name, place(name, "", ""), room(free[name], size)))
		}
		pick := newSeries(broker.Geographic, s, from(broker.Origin{Zone: "near"})).pick(made)
		free[pick]--
		used := func(name string) float64 { return float64(size-free[name]) / size }
		ahead := used("near") - (used("far-1")+used("far-2"))/2
		if full := free["near"] == 0; ahead > 0.1+1.0/size+1e-9 || !full && made > size && ahead < 0.1-2.0/size {
			t.Fatalf("after %d machines the local one is %v ahead: %v", made+1, ahead, free)
		}
	}
	if fmt.Sprint(free) != "map[far-1:0 far-2:0 near:0]" {
		t.Error(free)
	}
}
