package schema_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/store/schema"
)

var update = flag.Bool("update", false, "write the golden files anew")

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func TestVerbs_are_written_down(t *testing.T) {
	var got bytes.Buffer
	if err := schema.WriteVerbs(&got); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("testdata", "verbs.md")
	if *update {
		if err := os.WriteFile(path, got.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got.String()); d != "" {
		t.Errorf("run the test with -update and review the change:\n%s", d)
	}
}

// TestVerbs_lose_only_what_is_learnt_again names the verbs whose effect a
// power cut may take. Of what was counted it may take the last moments.
func TestVerbs_lose_only_what_is_learnt_again(t *testing.T) {
	var lost []string
	for _, v := range schema.Verbs() {
		if len(v.Writes) > 0 && !v.Durable {
			lost = append(lost, v.Name)
		}
		if len(v.Writes) == 0 && v.Durable {
			t.Errorf("%s writes nothing and says that it is durable", v.Name)
		}
	}
	want := []string{"AddMetric", "ApplyBlock", "ApplyLive", "ClaimCheck", "ClaimSweep", "PutDigest", "PutMetric", "RecordCapabilities", "RecordHealth", "RecordSweep", "Ticket"}
	slices.Sort(lost)
	if d := cmp.Diff(want, lost); d != "" {
		t.Errorf("want (-), got (+):\n%s", d)
	}
}

func TestKeys_read_as_the_table_says(t *testing.T) {
	id := broker.Key{Principal: "ada", Operation: "execute", Key: "k"}
	for want, got := range map[string]schema.Key{
		"META/BROKER":                         schema.BrokerKey(),
		"META/SCHEMA":                         schema.LayoutKey(),
		"META/ORDER":                          schema.OrderKey(),
		"MET#a%23b#2026-03-01T12/05#X":        schema.MetricKey(broker.MetricKey{Provider: "a#b", Partition: "2026-03-01T12", Row: "05#X"}),
		"METH#a#2026-03-01/12#X":              schema.MetricKey(broker.MetricKey{Provider: "a", Hourly: true, Partition: "2026-03-01", Row: "12#X"}),
		"REG/CFG":                             schema.ConfigKey(),
		"REG/P#a":                             schema.ProviderKey("a"),
		"PROV#a/CONF":                         schema.RegistrationKey("a"),
		"PROV#a/CAPS":                         schema.CapabilitiesKey("a"),
		"LIVE/P#a#mutate":                     schema.LiveKey(broker.LiveKey{Provider: "a", Class: broker.ClassMutate}),
		"HH#a/2026-03-01T12:00:00.000000000Z": schema.HistoryKey("a", noon),
		"POOL#a/H#10.0.0.1":                   schema.LeaseKey("a", "10.0.0.1"),
		"TPL/small":                           schema.TemplateKey("small"),
		"TICKET#RR#CREATE/0":                  schema.TicketKey("RR#CREATE"),
		"IDEM#ada#execute#k/-":                schema.IdempotencyKey(id),
		"OP#1/META":                           schema.OperationKey("1"),
		"OP#1/DEC":                            schema.DecisionKey("1"),
		"OP#1/ATT#0002":                       schema.AttemptKey("1", 2),
		"OP#1/OUT#0002#003":                   schema.OutputKey("1", 2, 3),
		"MACH#m/OWN":                          schema.MachineKey("m"),
		"OWNED#a/m":                           schema.OwnedKey("a", "m"),
		"NAME#host/m":                         schema.NameKey("host", "m"),
		"LOST/m":                              schema.ReclaimKey("m"),
		"HOST#ohfpinst/-":                     schema.HostProviderKey("ohfpinst"),
		"USE#template:small/-":                schema.UseKey("template:small"),
		"AUD#2026-03-01/x":                    schema.AuditKey(&broker.AuditEvent{ID: "x", At: noon}),
		"DAY#AUD/2026-03-01":                  schema.AuditList.DayKey(noon),
		"DAY#OP/2026-03-01":                   schema.OperationList.DayKey(noon),
		"DAY#MACH/2026-03-01":                 schema.MachineList.DayKey(noon),
		"OPEN#4/2026-03-01T12:00:00.000000000Z#1":            schema.OpenKey("1", noon),
		"L#OP#2026-03-01/2026-03-01T12:00:00.000000000Z#1":   schema.OperationList.Key("1", noon),
		"L#MACH#2026-03-01/2026-03-01T12:00:00.000000000Z#m": schema.MachineList.Key("m", noon),
	} {
		if got.String() != want {
			t.Errorf("want %s, got %s", want, got)
		}
	}
}

// TestKeys_of_different_names_differ draws names from letters that separate
// and escape.
func TestKeys_of_different_names_differ(t *testing.T) {
	name := rapid.StringOfN(rapid.SampledFrom([]rune("a#%23")), 1, 5, -1)
	rapid.Check(t, func(r *rapid.T) {
		draw := func() [3]string { return [3]string{name.Draw(r, "p"), name.Draw(r, "o"), name.Draw(r, "k")} }
		a, b := draw(), draw()
		for kind, key := range map[string]func(n [3]string) schema.Key{
			"idempotency": func(n [3]string) schema.Key {
				return schema.IdempotencyKey(broker.Key{Principal: n[0], Operation: n[1], Key: n[2]})
			},
			"live":  func(n [3]string) schema.Key { return schema.LiveKey(broker.LiveKey{Provider: n[0], Class: n[1]}) },
			"lease": func(n [3]string) schema.Key { return schema.LeaseKey(n[0], n[1]) },
			"owned": func(n [3]string) schema.Key { return schema.OwnedKey(n[0], n[1]) },
		} {
			same := a[0] == b[0] && a[1] == b[1] && (kind != "idempotency" || a[2] == b[2])
			if (key(a) == key(b)) != same {
				r.Errorf("%s: %q is %s, %q is %s", kind, a, key(a), b, key(b))
			}
		}
	})
}

func TestStamp_sorts_like_time(t *testing.T) {
	second := rapid.Int64Range(-62135596800, 253402300799) // years 1 to 9999
	rapid.Check(t, func(r *rapid.T) {
		zone := time.FixedZone("", rapid.IntRange(-12, 12).Draw(r, "zone")*3600)
		a := time.Unix(second.Draw(r, "a"), rapid.Int64Range(0, 999_999_999).Draw(r, "a ns")).In(zone)
		b := time.Unix(second.Draw(r, "b"), rapid.Int64Range(0, 999_999_999).Draw(r, "b ns"))
		if got, want := strings.Compare(schema.Stamp(a), schema.Stamp(b)), a.Compare(b); got != want {
			r.Errorf("%v and %v compare %d, their stamps %d", a, b, want, got)
		}
		key := schema.OpenKey("any~id", a)
		if due := key.SK < schema.OpenUntil(b); due != !a.After(b) {
			r.Errorf("due at %v, asked for %v: %v", a, b, due)
		}
	})
}

func TestOpenKey_spreads_operations_over_all_shards(t *testing.T) {
	count := map[string]int{}
	for i := range 8000 {
		count[schema.OpenKey("0195f0a2-"+time.Duration(i).String(), noon).PK]++
	}
	for shard := range uint32(schema.OpenShards) {
		if n := count[schema.OpenPK(shard)]; n < 700 || n > 1300 {
			t.Errorf("%s has %d of 8,000", schema.OpenPK(shard), n)
		}
	}
}

func TestCheck_refuses_what_the_table_cannot_hold(t *testing.T) {
	item := func(k schema.Key, size int) schema.Item {
		return schema.Item{Key: k, Doc: bytes.Repeat([]byte("x"), size)}
	}
	items := func(n, size int) (list []schema.Item) {
		for i := range n {
			list = append(list, item(schema.AttemptKey("op", i), size))
		}
		return list
	}
	a := schema.TemplateKey("a")
	for name, c := range map[string]struct {
		change schema.Change
		want   fault.Code
	}{
		"nothing":           {schema.Change{}, ""},
		"an item that fits": {schema.Change{Put: items(1, 409_000)}, ""},
		"a large item":      {schema.Change{Put: items(1, 409_600)}, fault.TooLarge},
		"100 items":         {schema.Change{Put: items(99, 10), Delete: []schema.Key{a}}, ""},
		"101 items":         {schema.Change{Put: items(100, 10), Delete: []schema.Key{a}}, fault.TooLarge},
		"more than 4 MiB":   {schema.Change{Put: items(11, 400_000)}, fault.TooLarge},
		"an item twice":     {schema.Change{Put: []schema.Item{item(a, 1), item(a, 2)}}, fault.Internal},
		"put and deleted":   {schema.Change{Put: []schema.Item{item(a, 1)}, Delete: []schema.Key{a}}, fault.Internal},
		"no name":           {schema.Change{Put: []schema.Item{item(schema.TemplateKey(""), 1)}}, fault.InvalidRequest},
		"a long name":       {schema.Change{Put: []schema.Item{item(schema.TemplateKey(strings.Repeat("x", 1025)), 1)}}, fault.TooLarge},
		"a long partition":  {schema.Change{Put: []schema.Item{item(schema.MachineKey(strings.Repeat("x", 2044)), 1)}}, fault.TooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			if got := codeOf(c.change.Check()); got != c.want {
				t.Errorf("want %q, got %q", c.want, got)
			}
		})
	}
}

func codeOf(err error) fault.Code {
	if err == nil {
		return ""
	}
	return fault.As(err).Code
}

func TestTTL_is_never_early(t *testing.T) {
	for want, expires := range map[int64]time.Time{0: {}, 1: time.Unix(1, 0), 2: time.Unix(1, 1), 3: time.Unix(2, 999_999_999)} {
		if got := (&schema.Item{Expires: expires}).TTL(); got != want {
			t.Errorf("%v: want %d, got %d", expires, want, got)
		}
	}
}

// TestAttemptItems_bring_back_what_they_were_made_of draws attempts whose
// results take from nothing to several rows.
func TestAttemptItems_bring_back_what_they_were_made_of(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		a := broker.Attempt{N: rapid.IntRange(1, 9999).Draw(r, "n"), Run: 2, State: broker.Sent, Token: "t"}
		for range rapid.IntRange(0, 3).Draw(r, "machines") {
			a.Machines = append(a.Machines, broker.Machine{ID: "m", Message: strings.Repeat("ü", rapid.IntRange(0, 60_000).Draw(r, "size"))})
		}
		if rapid.Bool().Draw(r, "output") {
			a.Output = json.RawMessage(`"<` + strings.Repeat("x", rapid.IntRange(0, 350_000).Draw(r, "output size")) + `>"`)
		}
		items, err := schema.AttemptItems("op", a)
		if err != nil {
			r.Fatal(err)
		}
		change := schema.Change{Put: items}
		if err := change.Check(); err != nil {
			r.Fatal(err)
		}
		slices.SortFunc(items, func(a, b schema.Item) int { return strings.Compare(a.SK, b.SK) })
		l, found, err := schema.Ledger("op", items)
		if err != nil || found {
			r.Fatalf("without an operation: found %v, %v", found, err)
		}
		byText := cmp.Transformer("text", func(raw json.RawMessage) string { return string(raw) }) // not byte by byte
		if d := cmp.Diff([]broker.Attempt{a}, l.Attempts, byText); d != "" {
			r.Errorf("want (-), got (+):\n%.2000s", d)
		}
	})
}

func TestLedger_says_when_a_piece_is_missing(t *testing.T) {
	a := broker.Attempt{N: 1, Output: json.RawMessage(`"` + strings.Repeat("x", 700_000) + `"`)}
	items, err := schema.AttemptItems("op", a)
	if err != nil {
		t.Fatal(err)
	}
	if len(items) != 4 {
		t.Fatalf("want a row and 3 pieces, got %d items", len(items))
	}
	if _, _, err := schema.Ledger("op", items[:3]); err == nil {
		t.Error("a ledger with a hole was read without an error")
	}
}

// TestLedger_says_when_pieces_are_of_another_version: two readings that are no
// snapshot may bring such together, of the same number, and each of them whole.
func TestLedger_says_when_pieces_are_of_another_version(t *testing.T) {
	var versions [2][]schema.Item
	for i, text := range []string{"x", "y"} {
		a := broker.Attempt{N: 1, Output: json.RawMessage(`"` + strings.Repeat(text, 700_000) + `"`)}
		var err error
		if versions[i], err = schema.AttemptItems("op", a); err != nil {
			t.Fatal(err)
		}
	}
	for name, rows := range map[string][]schema.Item{
		"older pieces": append(versions[1][:1:1], versions[0][1:]...),
		"one of them":  append(versions[1][:3:3], versions[0][3]),
	} {
		if _, _, err := schema.Ledger("op", rows); err == nil || !strings.Contains(err.Error(), "another version") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if l, _, err := schema.Ledger("op", versions[1]); err != nil || len(l.Attempts) != 1 {
		t.Errorf("%d attempts, %v", len(l.Attempts), err)
	}
}

func TestMachineChange_keeps_pointers_to_what_is_owned(t *testing.T) {
	m := func(name, provider string, s broker.MachineStatus) *broker.Machine {
		return &broker.Machine{ID: "m", Name: name, Provider: provider, Status: s}
	}
	for name, c := range map[string]struct {
		old         *broker.Machine
		new         broker.Machine
		put, delete []string
	}{
		"a new one":      {nil, *m("h", "a", broker.MachineRunning), []string{"MACH#m/OWN", "OWNED#a/m", "NAME#h/m"}, nil},
		"without a name": {nil, *m("", "a", broker.MachineRunning), []string{"MACH#m/OWN", "OWNED#a/m"}, nil},
		"new and ended":  {nil, *m("h", "a", broker.MachineFailed), []string{"MACH#m/OWN"}, nil},
		"it ends":        {m("h", "a", broker.MachineRunning), *m("h", "a", broker.MachineTerminated), []string{"MACH#m/OWN"}, []string{"OWNED#a/m", "NAME#h/m"}},
		"it is lost":     {m("h", "a", broker.MachineRunning), *m("h", "a", broker.MachineLost), []string{"MACH#m/OWN", "LOST/m"}, []string{"OWNED#a/m", "NAME#h/m"}},
		"it has ended":   {m("h", "a", broker.MachineTerminated), *m("h", "a", broker.MachineRunning), nil, nil},
		"it is renamed":  {m("h", "a", broker.MachineRunning), *m("i", "a", broker.MachineRunning), []string{"MACH#m/OWN", "OWNED#a/m", "NAME#i/m"}, []string{"NAME#h/m"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := schema.DefaultRetention().MachineChange(c.old, c.new)
			if err != nil {
				t.Fatal(err)
			}
			var put, deleted []string
			for _, it := range got.Put {
				put = append(put, it.String())
			}
			for _, k := range got.Delete {
				deleted = append(deleted, k.String())
			}
			if d := cmp.Diff([][]string{c.put, c.delete}, [][]string{put, deleted}, cmpopts.EquateEmpty()); d != "" {
				t.Errorf("want (-), got (+):\n%s", d)
			}
		})
	}
}

func TestDecode_names_the_row(t *testing.T) {
	_, err := schema.Decode[broker.Operation](schema.Item{Key: schema.OperationKey("7"), Doc: []byte("{")})
	if err == nil || !strings.Contains(err.Error(), "OP#7/META") {
		t.Errorf("got: %v", err)
	}
}
