package dynamo_test

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	ddb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/store/dynamo"
	"github.com/openhostfactory/ohfp/shared/store/schema"
	"github.com/openhostfactory/ohfp/shared/store/storetest"
)

// TestStore runs the specification, and then compares what the verbs asked of
// DynamoDB with what package schema says of them. What the specification calls
// restarting is another store on the same table.
func TestStore(t *testing.T) {
	seen := &recorder{}
	c := client(t, seen.on)
	besideOthers(t)
	var tables tables
	t.Run("the specification", func(t *testing.T) {
		storetest.Run(t, func(t testing.TB, dir string, now func() time.Time) storetest.Store {
			t.Helper()
			return open(t, dynamo.Options{Table: tables.of(t, dir), Client: c, Now: now, SnapshotAge: -1})
		})
	})
	calls := seen.take()
	t.Logf("%d calls", len(calls))
	for _, c := range calls {
		if breakers := c.verb == "Snapshot" && slices.Equal(c.reads, []string{"LIVE/"}); c.weak != breakers {
			t.Errorf("%s reads %q by %s: weakly is %v", c.verb, c.reads, c.name, c.weak)
		}
	}
	for _, v := range schema.Verbs() {
		own := slices.Clone(calls)
		own = slices.DeleteFunc(own, func(c call) bool { return c.verb != v.Name })
		t.Run(v.Name+" does what the table says", func(t *testing.T) { asListed(t, v, own) })
	}
}

var callName = regexp.MustCompile(`\b(Query|Scan|[A-Z][A-Za-z]*Items?)\b`)

// matcher makes an expression of a pattern of keys. A query of a partition
// reads every item of it.
func matcher(pattern string) *regexp.Regexp {
	re := regexp.MustCompile(`<[a-z0-9-]+>`).ReplaceAllString(regexp.QuoteMeta(pattern), `(?s:.*)`)
	re = strings.ReplaceAll(regexp.MustCompile(`<0-7>`).ReplaceAllString(re, `[0-7]`), `\*`, `.*`)
	return regexp.MustCompile("^(?:" + strings.SplitN(re, ",", 2)[0] + ")$")
}

func listed(patterns []string, key string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		if pk, partition := strings.CutSuffix(key, "/"); partition {
			sk := p[strings.LastIndex(p, "/")+1:]
			return matcher(p).MatchString(pk + "/" + strings.ReplaceAll(sk, "*", "x"))
		}
		return matcher(p).MatchString(key)
	})
}

func asListed(t *testing.T, v schema.Verb, calls []call) {
	t.Helper()
	allowed, used, written := callName.FindAllString(v.Call, -1), map[string]bool{}, map[string]bool{}
	for _, c := range calls {
		if !slices.Contains(allowed, c.name) {
			t.Fatalf("%s is not listed: %s", c.name, v.Call)
		}
		used[c.name] = true
		for _, k := range c.writes {
			i := slices.IndexFunc(v.Writes, func(p string) bool { return matcher(p).MatchString(k) })
			if i < 0 {
				t.Fatalf("writing %s is not listed", k)
			}
			written[v.Writes[i]] = true
		}
		for _, k := range c.reads {
			if !listed(v.Reads, k) {
				t.Fatalf("reading %s is not listed", k)
			}
		}
	}
	for _, name := range allowed {
		if !used[name] {
			t.Errorf("%s is listed and was never called", name)
		}
	}
	for _, p := range v.Writes {
		if !written[p] && p != "OP#<operation>/OUT#<n>#<piece>" {
			t.Errorf("%s is listed and was never written", p)
		}
	}
}

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func standing() time.Time { return noon }

// step is a verb with the calls that it must cost, in order.
type step struct {
	name string
	do   func(context.Context, *dynamo.Store) error
	want string
}

// TestVerbs_cost_what_the_table_says follows one create over its whole life in
// a store whose process is warm, with the calls of each verb.
func TestVerbs_cost_what_the_table_says(t *testing.T) {
	seen := &recorder{}
	s := open(t, dynamo.Options{Table: table(t), Client: client(t, seen.on), Now: standing})
	seen.take()
	for _, c := range slices.Concat(providerSteps(), breakerSteps(), ledgerSteps(), auditSteps(), otherSteps()) {
		if err := c.do(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if got := strings.Join(names(seen.take()), " "); got != c.want {
			t.Errorf("%s: want %q, got %q", c.name, c.want, got)
		}
	}
}

func snapshot(ctx context.Context, s *dynamo.Store) error {
	_, err := s.Snapshot(ctx)
	return err
}

func providerSteps() []step {
	put := func(version int64) func(context.Context, *dynamo.Store) error {
		return func(ctx context.Context, s *dynamo.Store) error {
			_, err := s.PutProvider(ctx, broker.Registration{Name: "a", Version: version})
			return err
		}
	}
	health := func(state broker.HealthState) func(context.Context, *dynamo.Store) error {
		return func(ctx context.Context, s *dynamo.Store) error {
			_, err := s.RecordHealth(ctx, "a", broker.Health{State: state, CheckedAt: noon})
			return err
		}
	}
	return []step{
		{"registering", put(0), "GetItem UpdateItem TransactWriteItems"},
		{"updating", put(1), "GetItem TransactWriteItems"},
		{"reading a provider", func(ctx context.Context, s *dynamo.Store) error { _, err := s.Provider(ctx, "a"); return err }, "GetItem"},
		{"claiming a check", func(ctx context.Context, s *dynamo.Store) error {
			_, err := s.ClaimCheck(ctx, "a", time.Time{}, noon, noon)
			return err
		}, "UpdateItem"},
		{"recording new health", health(broker.Healthy), "UpdateItem TransactWriteItems"},
		{"recording the same health", health(broker.Healthy), "UpdateItem"},
		{"reading the history", func(ctx context.Context, s *dynamo.Store) error {
			_, err := s.HealthHistory(ctx, "a", time.Time{}, 10)
			return err
		}, "Query"},
		{"the first snapshot", snapshot, "Query Query"},
		{"the next snapshot", snapshot, ""},
		{"a fresh snapshot", func(ctx context.Context, s *dynamo.Store) error { _, err := s.FreshSnapshot(ctx); return err }, "Query Query"},
	}
}

func breakerSteps() []step {
	apply := func(w broker.LiveWrite) func(context.Context, *dynamo.Store) error {
		return func(ctx context.Context, s *dynamo.Store) error {
			w.Now, w.Started = noon, noon
			_, err := s.ApplyLive(ctx, broker.LiveKey{Provider: "a", Class: broker.ClassMutate}, w)
			return err
		}
	}
	return []step{
		{"beginning", apply(broker.LiveWrite{Kind: broker.LiveBegin}), "UpdateItem"},
		{"beginning another", apply(broker.LiveWrite{Kind: broker.LiveBegin}), "UpdateItem"},
		{"ending badly", apply(broker.LiveWrite{Kind: broker.LiveEnd, Bad: true}), "UpdateItem"},
		{"ending well", apply(broker.LiveWrite{Kind: broker.LiveEnd, Good: true}), "UpdateItem"},
		{"resetting", apply(broker.LiveWrite{Kind: broker.LiveReset}), "UpdateItem"},
		{"tripping", apply(broker.LiveWrite{Kind: broker.LiveTrip, OpenUntil: noon}), "TransactWriteItems GetItem"},
		{"probing", apply(broker.LiveWrite{Kind: broker.LiveProbe, Epoch: 1, Attempt: "x", Expires: noon.Add(time.Hour), Permits: 1}), "TransactWriteItems GetItem"},
		{"passing", apply(broker.LiveWrite{Kind: broker.LivePass, Epoch: 1, Attempt: "x", Threshold: 1}), "TransactWriteItems GetItem"},
		{"clearing", apply(broker.LiveWrite{Kind: broker.LiveClear}), "UpdateItem"},
		{"forcing", apply(broker.LiveWrite{Kind: broker.LiveForce, Reason: "said", Source: "somebody"}), "TransactWriteItems GetItem"},
		{"lifting", apply(broker.LiveWrite{Kind: broker.LiveLift}), "TransactWriteItems GetItem"},
		{"a snapshot after all that", snapshot, ""},
	}
}

func ledgerSteps() []step {
	o := broker.Operation{ID: "op", Status: broker.OpRunning, CreatedAt: noon, DueAt: noon}
	a := broker.Attempt{N: 1, Run: 1, State: broker.Intent}
	return []step{
		{"the first claim of a day", func(ctx context.Context, s *dynamo.Store) error {
			k := broker.KeyRecord{Key: broker.Key{Key: "k"}, ExpiresAt: noon.Add(time.Hour)}
			return s.ClaimOperation(ctx, broker.Claim{Operation: o, Attempts: []broker.Attempt{a}, Key: &k, Now: noon})
		}, "PutItem TransactWriteItems"},
		{"the next claim", func(ctx context.Context, s *dynamo.Store) error {
			o := o
			o.ID = "another"
			return s.ClaimOperation(ctx, broker.Claim{Operation: o, Now: noon})
		}, "TransactWriteItems"},
		{"reading the ledger", func(ctx context.Context, s *dynamo.Store) error { _, err := s.Ledger(ctx, "op"); return err }, "Query"},
		{"marking as sent", func(ctx context.Context, s *dynamo.Store) error {
			return s.MarkSent(ctx, "op", broker.Fenced{Attempt: broker.Attempt{N: 1, Run: 1, State: broker.Sent}, SeenRun: 1, SeenState: broker.Intent})
		}, "PutItem"},
		{"taking a step", func(ctx context.Context, s *dynamo.Store) error {
			return s.TakeStep(ctx, broker.Step{Operation: o, Added: []broker.Attempt{{N: 2, Run: 1, State: broker.Intent}}})
		}, "TransactWriteItems"},
		{"recording an outcome with a machine", func(ctx context.Context, s *dynamo.Store) error {
			closed := o
			closed.Version, closed.Status = 1, broker.OpSucceeded
			return s.RecordOutcome(ctx, broker.Outcome{
				OperationID: "op", Closed: &closed,
				Attempt:  broker.Fenced{Attempt: broker.Attempt{N: 1, Run: 1, State: broker.Confirmed}, SeenRun: 1, SeenState: broker.Sent},
				Machines: []broker.Machine{{ID: "m", Provider: "a", Name: "h", Status: broker.MachineRunning}},
			})
		}, "BatchGetItem PutItem TransactWriteItems"},
		{"recording an outcome with a machine of the same day", func(ctx context.Context, s *dynamo.Store) error {
			return s.RecordOutcome(ctx, broker.Outcome{
				OperationID: "op",
				Attempt:     broker.Fenced{Attempt: broker.Attempt{N: 1, Run: 1, State: broker.Confirmed}, SeenRun: 1, SeenState: broker.Confirmed},
				Machines:    []broker.Machine{{ID: "m2", Provider: "a", Name: "h", Status: broker.MachineRunning}},
			})
		}, "BatchGetItem TransactWriteItems"},
		{"listing machines", func(ctx context.Context, s *dynamo.Store) error {
			_, _, err := s.ListMachines(ctx, broker.MachineFilter{}, broker.Page{})
			return err
		}, "Query Query"},
		{"listing the machines of an operation", func(ctx context.Context, s *dynamo.Store) error {
			_, _, err := s.ListMachines(ctx, broker.MachineFilter{OperationID: "op"}, broker.Page{})
			return err
		}, "Query"},
		{"recording an outcome without machines", func(ctx context.Context, s *dynamo.Store) error {
			return s.RecordOutcome(ctx, broker.Outcome{
				OperationID: "op",
				Attempt:     broker.Fenced{Attempt: broker.Attempt{N: 2, Run: 1, State: broker.NoEffect}, SeenRun: 1, SeenState: broker.Intent},
			})
		}, "TransactWriteItems"},
		{"listing operations", func(ctx context.Context, s *dynamo.Store) error {
			_, _, err := s.Operations(ctx, broker.OperationFilter{}, broker.Page{})
			return err
		}, "Query Query"},
		{"finding what is due", func(ctx context.Context, s *dynamo.Store) error {
			_, err := s.OpenOperations(ctx, noon, 10)
			return err
		}, strings.TrimSpace(strings.Repeat("Query ", schema.OpenShards))},
		{"reading machines", func(ctx context.Context, s *dynamo.Store) error {
			_, err := s.Machines(ctx, []string{"m", "n"})
			return err
		}, "BatchGetItem"},
		{"reading owned machines", func(ctx context.Context, s *dynamo.Store) error {
			_, err := s.OwnedMachines(ctx, "a", 10)
			return err
		}, "Query BatchGetItem"},
		{"noting a machine", note(broker.MachineStopping), "GetItem PutItem"},
		{"noting it again", note(broker.MachineStopping), "GetItem"},
		{"noting its end", note(broker.MachineLost), "GetItem TransactWriteItems"},
		{"reading ended machines", func(ctx context.Context, s *dynamo.Store) error {
			_, err := s.EndedMachines(ctx, "a", noon, 10)
			return err
		}, "Query"},
		{"adopting a machine", adopt("stray"), "TransactWriteItems"},
		{"adopting it again", adopt("stray"), "TransactWriteItems"},
	}
}

func note(status broker.MachineStatus) func(context.Context, *dynamo.Store) error {
	return func(ctx context.Context, s *dynamo.Store) error {
		_, err := s.NoteMachine(ctx, "m", broker.MachineNote{Status: status, At: noon})
		return err
	}
}

func adopt(id string) func(context.Context, *dynamo.Store) error {
	return func(ctx context.Context, s *dynamo.Store) error {
		_, err := s.AdoptMachine(ctx, broker.Machine{ID: id, Name: "n", Provider: "a", Status: broker.MachineRunning})
		return err
	}
}

// auditSteps are changes that somebody asks for.
func auditSteps() []step {
	ada := broker.Actor{Principal: "ada", Operation: "anything"}
	configure := func(version int64) func(context.Context, *dynamo.Store) error {
		return func(ctx context.Context, s *dynamo.Store) error {
			_, err := s.PutConfig(ctx, broker.StrategyConfig{Version: version, HealthCheckInterval: time.Duration(version) * time.Hour, Actor: ada})
			return err
		}
	}
	say := func(ctx context.Context, s *dynamo.Store) error {
		_, err := s.RecordHealth(ctx, "a", broker.Health{State: broker.Unhealthy, Source: "ada", CheckedAt: noon, Actor: ada})
		return err
	}
	return []step{
		{"the first change of a day", configure(0), "GetItem PutItem TransactWriteItems"},
		{"the next one", configure(1), "GetItem TransactWriteItems"},
		{"saying that a provider is ill", say, "GetItem TransactWriteItems"},
		{"saying it again", say, "GetItem TransactWriteItems"},
		{"an instance of a scheduler", func(ctx context.Context, s *dynamo.Store) error {
			_, err := s.PutHostProvider(ctx, broker.HostProvider{Name: "h", Actor: ada})
			return err
		}, "GetItem TransactWriteItems"},
		{"reading the audit trail", func(ctx context.Context, s *dynamo.Store) error {
			_, _, err := s.AuditEvents(ctx, broker.AuditFilter{}, broker.Page{})
			return err
		}, "Query Query"},
	}
}

func otherSteps() []step {
	k := broker.KeyRecord{Key: broker.Key{Key: "l"}, ExpiresAt: noon.Add(time.Hour), LeaseUntil: noon.Add(time.Hour)}
	l := broker.Lease{Provider: "a", Host: "h", MachineID: "m"}
	return []step{
		{"a ticket", func(ctx context.Context, s *dynamo.Store) error { _, err := s.Ticket(ctx, "x"); return err }, "UpdateItem"},
		{"reading a key", func(ctx context.Context, s *dynamo.Store) error { _, _, err := s.ReadKey(ctx, k.Key, noon); return err }, "GetItem"},
		{"claiming a key", func(ctx context.Context, s *dynamo.Store) error { return s.ClaimKey(ctx, k, noon) }, "PutItem"},
		{"dropping a key", func(ctx context.Context, s *dynamo.Store) error { return s.DropKey(ctx, k.Key) }, "TransactWriteItems"},
		{"finishing a key", func(ctx context.Context, s *dynamo.Store) error { return s.FinishKey(ctx, k) }, "PutItem"},
		{"putting a template", func(ctx context.Context, s *dynamo.Store) error {
			_, err := s.PutTemplate(ctx, broker.Template{ID: "t"})
			return err
		}, "GetItem TransactWriteItems"},
		{"reading a template", func(ctx context.Context, s *dynamo.Store) error { _, err := s.Template(ctx, "t"); return err }, "GetItem"},
		{"listing templates", func(ctx context.Context, s *dynamo.Store) error {
			_, _, err := s.Templates(ctx, broker.Page{})
			return err
		}, "Query"},
		{"deleting a template", func(ctx context.Context, s *dynamo.Store) error { return s.DeleteTemplate(ctx, "t", broker.Actor{}) }, "GetItem TransactWriteItems"},
		{"taking a lease", func(ctx context.Context, s *dynamo.Store) error { _, err := s.TakeLease(ctx, l); return err }, "UpdateItem"},
		{"reading leases", func(ctx context.Context, s *dynamo.Store) error { _, err := s.Leases(ctx, "a"); return err }, "Query"},
		{"dropping a lease", func(ctx context.Context, s *dynamo.Store) error {
			_, err := s.DropLease(ctx, "a", "h", "m")
			return err
		}, "UpdateItem"},
		{"counting an attempt", func(ctx context.Context, s *dynamo.Store) error { return s.AddMetric(ctx, metric(false)) }, "UpdateItem"},
		{"reading what was counted", func(ctx context.Context, s *dynamo.Store) error {
			_, err := s.MetricRows(ctx, broker.MetricRange{Provider: "a", Partition: "2026-03-01T12", First: "00", Below: "60"})
			return err
		}, "Query"},
		{"claiming a search", func(ctx context.Context, s *dynamo.Store) error {
			_, err := s.ClaimSweep(ctx, "a", time.Time{}, noon)
			return err
		}, "UpdateItem"},
		{"recording a search", func(ctx context.Context, s *dynamo.Store) error {
			return s.RecordSweep(ctx, "a", broker.Sweep{At: noon})
		}, "PutItem"},
		{"reading a search", func(ctx context.Context, s *dynamo.Store) error { _, err := s.Sweep(ctx, "a"); return err }, "GetItem"},
		{"rolling up", func(ctx context.Context, s *dynamo.Store) error { return s.PutMetric(ctx, metric(true)) }, "PutItem"},
		{"a digest", func(ctx context.Context, s *dynamo.Store) error {
			return s.PutDigest(ctx, "a", broker.Digest{At: noon})
		}, "UpdateItem"},
		{"reading the identity", func(ctx context.Context, s *dynamo.Store) error { _, err := s.Meta(ctx); return err }, "GetItem"},
		{"deleting a provider", func(ctx context.Context, s *dynamo.Store) error { return s.DeleteProvider(ctx, "a", 2, broker.Actor{}) }, "GetItem Query TransactWriteItems"},
		{"a snapshot after that", snapshot, "Query Query"},
		{"a name that nobody can have", func(ctx context.Context, s *dynamo.Store) error {
			if _, err := s.Template(ctx, ""); !fault.Is(err, fault.NotFound) {
				return err
			}
			return nil
		}, ""},
	}
}

func metric(hourly bool) broker.MetricRow {
	return broker.MetricRow{
		MetricKey: broker.MetricKey{Provider: "a", Hourly: hourly, Partition: "2026-03-01T12", Row: "00#CREATE_INSTANCES"},
		Flat:      broker.Flat{Numbers: map[string]int64{"n": 1}}, ExpiresAt: noon.Add(25 * time.Hour),
	}
}

func TestVerbs_leave_no_row_larger_than_it_may_be(t *testing.T) {
	s := open(t, dynamo.Options{Table: table(t), Now: standing})
	for _, c := range []struct {
		name string
		size int
		want fault.Code
	}{{"fits", 408_000, ""}, {"does not fit", 409_600, fault.TooLarge}} {
		_, err := s.PutTemplate(t.Context(), broker.Template{ID: c.name, UserData: strings.Repeat("x", c.size)})
		if got := code(err); got != c.want {
			t.Errorf("%s: want %q, got %v", c.name, c.want, err)
		}
	}
	if _, err := s.PutProvider(t.Context(), broker.Registration{Name: "a"}); err != nil {
		t.Fatal(err)
	}
	h := broker.Health{State: broker.Unhealthy, Message: strings.Repeat("x", 409_600), CheckedAt: noon}
	if _, err := s.RecordHealth(t.Context(), "a", h); !fault.Is(err, fault.TooLarge) {
		t.Errorf("health that is too large: %v", err)
	}
}

func code(err error) fault.Code {
	if err == nil {
		return ""
	}
	return fault.As(err).Code
}

// TestRows_expire_in_DynamoDB when no reader wants them any more: by the number
// of seconds in ttl, which it takes for nothing else.
func TestRows_expire_in_DynamoDB(t *testing.T) {
	s := open(t, dynamo.Options{Table: table(t), Now: standing})
	register(t, s, "a")
	key := broker.KeyRecord{Key: broker.Key{Principal: "p", Operation: "o", Key: "k"}, ExpiresAt: noon.Add(time.Hour + time.Millisecond)}
	_, err := s.RecordHealth(t.Context(), "a", broker.Health{State: broker.Healthy, CheckedAt: noon})
	for _, err := range []error{
		err,
		s.ClaimOperation(t.Context(), broker.Claim{Operation: broker.Operation{ID: "op", CreatedAt: noon}, Key: &key, Now: noon}),
		s.AddMetric(t.Context(), metric(false)),
		s.PutMetric(t.Context(), metric(true)),
		failsOver(t.Context(), s),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for k, want := range map[schema.Key]string{
		{PK: "IDEM#p#o#k", SK: "-"}:                             "1772370001", // 2026-03-01 13:00:01
		{PK: "HH#a", SK: "2026-03-01T12:00:00.000000000Z"}:      "1775390400", // 2026-04-05 12:00:00
		{PK: "MET#a#2026-03-01T12", SK: "00#CREATE_INSTANCES"}:  "1772456400", // 2026-03-02 13:00:00
		{PK: "METH#a#2026-03-01T12", SK: "00#CREATE_INSTANCES"}: "1772456400",
		{PK: "OP#op", SK: "META"}:                               "",
		{PK: "OP#ended", SK: "META"}:                            "1775394000", // 2026-04-05 13:00:00
		{PK: "OP#ended", SK: "ATT#0002"}:                        "1775394000",
		{PK: "OP#ended", SK: "ATT#0001"}:                        "1790942400", // 2026-10-02 12:00:00: 35 and 180 days after it was written
		{PK: "OP#ended", SK: "DEC"}:                             "1790942400",
		{PK: "OP#failed", SK: "META"}:                           "1775394000",
		{PK: "OP#failed", SK: "DEC"}:                            "1775394000",
		{PK: "MACH#gone", SK: "OWN"}:                            "1775822400", // 2026-04-10 12:00:00
		{PK: "MACH#runs", SK: "OWN"}:                            "",
		{PK: "TICKET#scope", SK: "0"}:                           "1775433600", // 2026-04-06 00:00:00
		{PK: "REG", SK: "P#a"}:                                  "",
	} {
		out, err := client(t).GetItem(t.Context(), &ddb.GetItemInput{TableName: awssdk.String(s.Table()), Key: map[string]types.AttributeValue{
			"pk": &types.AttributeValueMemberS{Value: k.PK}, "sk": &types.AttributeValueMemberS{Value: k.SK},
		}})
		if err != nil || len(out.Item) == 0 {
			t.Fatalf("%s: %v, %v", k, out, err)
		}
		got := ""
		if n, ok := out.Item["ttl"].(*types.AttributeValueMemberN); ok {
			got = n.Value
		}
		if got != want {
			t.Errorf("%s: want %q, got %q", k, want, got)
		}
	}
}

// failsOver stores operations that end: one at its second attempt, and one as
// it is claimed.
func failsOver(ctx context.Context, s *dynamo.Store) error {
	o := broker.Operation{ID: "ended", CreatedAt: noon, Status: broker.OpRunning}
	first, second := broker.Attempt{N: 1, Run: 1, State: broker.Intent}, broker.Attempt{N: 2, Run: 1, State: broker.Intent}
	claimed := s.ClaimOperation(ctx, broker.Claim{Operation: o, Attempts: []broker.Attempt{first}, Now: noon})
	first.State = broker.NoEffect
	stepped := s.TakeStep(ctx, broker.Step{
		Operation: o, Changed: []broker.Fenced{{Attempt: first, SeenRun: 1, SeenState: broker.Intent}}, Added: []broker.Attempt{second},
	})
	o.Version, o.Status, o.EndedAt = 1, broker.OpSucceeded, noon.Add(time.Hour)
	second.State = broker.Confirmed
	_, ticket := s.Ticket(ctx, "scope")
	return errors.Join(claimed, stepped, ticket,
		s.RecordOutcome(ctx, broker.Outcome{
			OperationID: "ended", Attempt: broker.Fenced{Attempt: second, SeenRun: 1, SeenState: broker.Intent}, Closed: &o,
			Machines: []broker.Machine{
				{ID: "gone", Status: broker.MachineTerminated, LaunchTime: noon, UpdatedAt: noon},
				{ID: "runs", Status: broker.MachineRunning, LaunchTime: noon, UpdatedAt: noon},
			},
		}),
		s.ClaimOperation(ctx, broker.Claim{Operation: broker.Operation{ID: "failed", CreatedAt: noon, Status: broker.OpFailed, EndedAt: noon.Add(time.Hour)}, Now: noon}),
	)
}
