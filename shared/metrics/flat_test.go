package metrics_test

import (
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/metrics"
)

func TestFlatIsWhatIsStored(t *testing.T) {
	c := sum([]metrics.Event{
		{Ended: noon, Duration: 3 * time.Second, SlowCall: time.Second, Machines: 2, Throttles: 1},
		{Ended: after(time.Second), Class: fault.Server, Code: "500", Message: "oops", Timeout: time.Second},
	})
	want := metrics.Flat{
		Numbers: map[string]int64{
			"n": 2, "ok": 1, "slow": 1, "thr": 1, "mach": 2, "us": 3_000_000, "chg": 1, "chg_us": 1_000_000,
			"h21": 1, "f_SERVER": 1, "e_500": 1, "t_500": noon.UnixMilli() + 1000, "last": noon.UnixMilli() + 1000,
		},
		Texts: map[string]string{"m_500": "oops"},
	}
	if diff := cmp.Diff(want, c.Flat()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	var replaced []string
	for name := range want.Numbers {
		if !metrics.Added(name) {
			replaced = append(replaced, name)
		}
	}
	slices.Sort(replaced)
	if diff := cmp.Diff([]string{"last", "t_500"}, replaced); diff != "" {
		t.Errorf("replaced, not added: -want +got:\n%s", diff)
	}
}

func TestNothingIsNoAttribute(t *testing.T) {
	var none metrics.Counters
	if f := none.Flat(); len(f.Numbers)+len(f.Texts) != 0 {
		t.Errorf("got %v", f)
	}
	c, err := metrics.Flat{}.Counters()
	if diff := cmp.Diff(none, c); diff != "" || err != nil {
		t.Errorf("%v, -want +got:\n%s", err, diff)
	}
}

func TestWhatAStoreAddedUpIsTheSum(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		events := drawEvents(r, 12, noon, after(time.Minute))
		byTime := func(a, b metrics.Event) int {
			if c := a.Ended.Truncate(time.Millisecond).Compare(b.Ended.Truncate(time.Millisecond)); c != 0 {
				return c
			}
			return strings.Compare(a.Message, b.Message)
		}
		slices.SortFunc(events, byTime) // what is replaced is the newest
		var stored metrics.Flat
		for _, e := range events {
			delta := e.Delta()
			stored.Apply(delta.Counters.Flat())
		}
		doc, err := json.Marshal(stored)
		var read metrics.Flat
		if err == nil {
			err = json.Unmarshal(doc, &read)
		}
		if err != nil {
			r.Fatal(err)
		}
		got, err := read.Counters()
		if err != nil {
			r.Fatal(err)
		}
		want := sum(events)
		if diff := cmp.Diff(want, got, empty); diff != "" {
			r.Errorf("-want +got:\n%s", diff)
		}
	})
}

func TestApplyKeepsWhatItWasGiven(t *testing.T) {
	c := sum([]metrics.Event{{Ended: noon, Class: fault.Down, Message: "gone"}})
	one := c.Flat()
	was := metrics.Flat{Numbers: maps.Clone(one.Numbers), Texts: maps.Clone(one.Texts)}
	var stored metrics.Flat
	stored.Apply(one)
	stored.Apply(one)
	if diff := cmp.Diff(was, one); diff != "" {
		t.Errorf("-before +after:\n%s", diff)
	}
	if stored.Numbers["n"] != 2 || stored.Numbers["last"] != noon.UnixMilli() {
		t.Errorf("got %v", stored.Numbers)
	}
}

func TestNamesThatNobodyKnowsArePassedOver(t *testing.T) {
	c, err := metrics.Flat{Numbers: map[string]int64{"n": 1, "f_": 2, "h32": 3, "newer": 4, "ttl": 5, "f_NEWER": 6}}.Counters()
	want := metrics.Counters{Total: 1, Failed: map[fault.Class]int64{"NEWER": 6}}
	if diff := cmp.Diff(want, c); diff != "" || err != nil {
		t.Errorf("%v, -want +got:\n%s", err, diff)
	}
}

func TestANegativeCountIsRefused(t *testing.T) {
	for _, name := range []string{"n", "h31", "f_DOWN", "e_x", "from a newer version"} {
		_, err := metrics.Flat{Numbers: map[string]int64{name: -1}}.Counters()
		if !fault.Is(err, fault.Internal) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	_, err := metrics.Flat{Numbers: map[string]int64{"last": -1, "t_x": -1}}.Counters()
	if err != nil {
		t.Errorf("times before 1970: %v", err)
	}
}

// FuzzFlat reads whatever stands in a row: it is refused, or it is counters
// that are written and read again as they are.
func FuzzFlat(f *testing.F) {
	for _, s := range []string{
		`{}`, `{"numbers":{"n":1,"h0":1,"f_DOWN":1,"f_":1,"e_x":2,"t_x":5,"last":7},"texts":{"m_x":"a\nb"}}`,
		`{"numbers":{"e_ a":1,"e_a":9223372036854775807,"t_a":-62135596800000,"f_NEW":3}}`, `{"numbers":{"n":-1}}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		var stored metrics.Flat
		if json.Unmarshal(doc, &stored) != nil {
			t.Skip()
		}
		c, err := stored.Counters()
		if err != nil {
			if !fault.Is(err, fault.Internal) {
				t.Errorf("got %v", err)
			}
			return
		}
		for code, e := range c.Errors {
			if len(code) > metrics.MaxCode || len(e.LastMessage) > metrics.MaxMessage || !utf8.ValidString(code+e.LastMessage) {
				t.Errorf("out of bounds: %q %q", code, e.LastMessage)
			}
		}
		again, err := c.Flat().Counters()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c, again); diff != "" {
			t.Errorf("-read +read again:\n%s", diff)
		}
	})
}

func TestErrorsAreCutToOnePrintableLine(t *testing.T) {
	for name, c := range map[string]struct{ code, message, wantCode, wantMessage string }{
		"as they are":                       {"Full", "no host", "Full", "no host"},
		"control characters become spaces":  {"a\x00b", "first\nsecond\t", "a b", "first second"},
		"invalid text becomes spaces":       {"a\xffb", "\xff", "a b", ""},
		"cut between characters":            {strings.Repeat("ü", 40), strings.Repeat("x", 199) + "ü", strings.Repeat("ü", 32), strings.Repeat("x", 199)},
		"invalid text is cut where it ends": {strings.Repeat("\x80", 80), "", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			var e metrics.Errors
			e.Note(c.code, c.message, noon)
			want := metrics.Errors{c.wantCode: {Count: 1, LastSeen: noon, LastMessage: c.wantMessage}}
			if diff := cmp.Diff(want, e); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestTop(t *testing.T) {
	at := func(n int64, s int, m string) metrics.ErrorCount {
		return metrics.ErrorCount{Count: n, LastSeen: after(time.Duration(s) * time.Second), LastMessage: m}
	}
	table := metrics.Errors{
		"rare": at(1, 9, "newest"), "often": at(5, 1, ""), "old": at(2, 1, "o"), "new": at(2, 3, "n"), "b": at(1, 2, "b"),
	}
	line := func(code string, c metrics.ErrorCount) metrics.ErrorLine {
		return metrics.ErrorLine{Code: code, ErrorCount: c}
	}
	often, fresh, old := line("often", table["often"]), line("new", table["new"]), line("old", table["old"])
	rare, b := line("rare", table["rare"]), line("b", table["b"])

	for n, want := range map[int][]metrics.ErrorLine{
		-1: nil, 0: nil,
		1: {line(metrics.OtherErrors, at(11, 9, "newest"))},
		2: {often, line(metrics.OtherErrors, at(6, 9, "newest"))},
		4: {often, fresh, old, line(metrics.OtherErrors, at(2, 9, "newest"))},
		5: {often, fresh, old, rare, b},
		9: {often, fresh, old, rare, b},
	} {
		if diff := cmp.Diff(want, table.Top(n)); diff != "" {
			t.Errorf("%d: -want +got:\n%s", n, diff)
		}
	}
	if got := metrics.Errors(nil).Top(3); len(got) != 0 {
		t.Errorf("of nothing: %v", got)
	}
}

func TestBoundLosesNamesAndNoCounts(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		table := metrics.Errors{}
		codes := rapid.SampledFrom([]string{"a", "b", "c", "d", "e", metrics.OtherErrors})
		var want int64
		for range rapid.IntRange(0, 30).Draw(r, "notes") {
			table.Note(codes.Draw(r, "code"), "", noon)
			want++
		}
		n := rapid.IntRange(-1, 8).Draw(r, "bound")
		got := table.Bound(n)
		if len(got) > max(n, 1) {
			r.Errorf("%d codes, bound %d", len(got), n)
		}
		var counts int64
		for _, e := range got {
			counts += e.Count
		}
		if counts != want {
			r.Errorf("got %d, want %d", counts, want)
		}
		if diff := cmp.Diff(got, got.Bound(n)); diff != "" {
			r.Errorf("bound twice:\n%s", diff)
		}
	})
}

func TestAFullErrorCountStaysFull(t *testing.T) {
	c := metrics.Counters{Errors: metrics.Errors{"x": {Count: math.MaxInt64}}}
	c.Add(&c)
	if c.Errors["x"].Count != math.MaxInt64 {
		t.Errorf("got %d", c.Errors["x"].Count)
	}
}
