package inprocess_test

import (
	"log/slog"
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/shared/catalog"
	"github.com/openhostfactory/ohfp/shared/inprocess"
	"github.com/openhostfactory/ohfp/shared/providers"
	"github.com/openhostfactory/ohfp/shared/providers/providertest/sim"
	"github.com/openhostfactory/ohfp/shared/store/storetest"
)

func options(t *testing.T) inprocess.Options {
	t.Helper()
	drivers, err := providers.NewSet(&sim.Opener{KindName: "static", Lag: providers.Traits{ConsistencyLag: time.Minute}})
	if err != nil {
		t.Fatal(err)
	}
	return inprocess.Options{
		Store: storetest.NewMemory(time.Now), Drivers: drivers, Kinds: drivers.Kinds(), Environment: "here",
		Now: time.Now, NewID: func() string { return "op-1" }, Jitter: func() float64 { return 0.5 }, Log: slog.New(slog.DiscardHandler),
	}
}

func broker(t *testing.T) *inprocess.Broker {
	t.Helper()
	b, err := inprocess.New(options(t))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// A field that is added to a room and not set here would be nil in every broker.
func TestNew_sets_every_field_of_every_room(t *testing.T) {
	set(t, "Rooms", reflect.ValueOf(broker(t).Rooms))
}

// set looks at the fields of rooms and of what they are made of by value.
func set(t *testing.T, at string, v reflect.Value) {
	t.Helper()
	for i := range v.NumField() {
		name := at + "." + v.Type().Field(i).Name
		switch f := v.Field(i); {
		case f.IsZero():
			t.Errorf("%s is not set", name)
		case f.Kind() == reflect.Struct:
			set(t, name, f)
		}
	}
}

func TestNew_makes_functions_of_what_has_no_door(t *testing.T) {
	b := broker(t)
	want := []string{"attempt-static", "due", "probe-static", "reconcile", "record-machine-event", "settle", "sweep-static"}
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(b.Functions))); diff != "" {
		t.Errorf("functions (-want +got):\n%s", diff)
	}
	bound := map[string]bool{}
	for _, e := range b.Endpoints {
		bound[e.Spec.Name] = e.Serve != nil
	}
	for _, row := range catalog.All() {
		if name := row.Describe().Name; !bound[name] {
			t.Errorf("nothing serves %s", name)
		}
	}
}

func TestRooms_take_the_lag_of_a_kind_from_its_driver(t *testing.T) {
	rooms := inprocess.Rooms(options(t), nil)
	if got := rooms.Command.Lag("static"); got != time.Minute {
		t.Errorf("want what the driver says, 1m0s, got %s", got)
	}
	if got := rooms.Command.Lag("unknown"); got != 0 {
		t.Errorf("want none for a kind without a driver, got %s", got)
	}
}

func TestNew_tells_apart_the_kinds_that_have_a_driver(t *testing.T) {
	rooms := broker(t).Rooms
	for kind, want := range map[string]bool{"static": true, "unknown": false} {
		if got := rooms.Query.HasDriver(kind); got != want {
			t.Errorf("a driver for %s: want %t, got %t", kind, want, got)
		}
	}
}
