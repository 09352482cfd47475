package sqlite_test

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/store/schema"
	"github.com/openhostfactory/ohfp/shared/store/sqlite"
	"github.com/openhostfactory/ohfp/shared/store/storetest"
)

func TestNoStatementScans(t *testing.T) {
	s := open(t, t.TempDir(), sqlite.Options{})
	for _, q := range sqlite.Statements() {
		plan, err := s.Plan(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		if len(plan) == 0 && !strings.HasPrefix(q, "INSERT") {
			t.Errorf("%s: no plan", q)
		}
		for _, step := range plan {
			if !strings.HasPrefix(step, "SEARCH item USING") {
				t.Errorf("%s: %s", q, step)
			}
		}
	}
}

// observed is what verbs wrote in a run of the whole specification.
type observed struct {
	mu   sync.Mutex
	keys map[string]map[schema.Key]bool // by verb
}

func (o *observed) note(verb string, c schema.Change) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.keys[verb] == nil {
		o.keys[verb] = map[schema.Key]bool{}
	}
	for _, it := range c.Put {
		o.keys[verb][it.Key] = true
	}
	for _, k := range c.Delete {
		o.keys[verb][k] = true
	}
}

// matcher makes an expression of a pattern of keys.
func matcher(pattern string) *regexp.Regexp {
	return regexp.MustCompile("^" + regexp.MustCompile(`<[a-z]+>`).ReplaceAllString(regexp.QuoteMeta(pattern), `(?s:.*)`) + "$")
}

// TestStore runs the specification, and then compares what the verbs wrote
// with what package schema says of them.
func TestStore(t *testing.T) {
	seen := &observed{keys: map[string]map[schema.Key]bool{}}
	open := func(t testing.TB, dir string, now func() time.Time) storetest.Store {
		t.Helper()
		s, err := sqlite.Open(t.Context(), dir, sqlite.Options{Now: now})
		if err != nil {
			t.Fatal(err)
		}
		s.OnChange(seen.note)
		return s
	}
	t.Run("the specification", func(t *testing.T) { storetest.Run(t, open) })
	for _, v := range schema.Verbs() {
		t.Run(v.Name+" writes what the table says", func(t *testing.T) { writesAsListed(t, v, seen.keys[v.Name]) })
	}
}

func writesAsListed(t *testing.T, v schema.Verb, keys map[schema.Key]bool) {
	t.Helper()
	used := map[string]bool{}
	for k := range keys {
		i := slices.IndexFunc(v.Writes, func(p string) bool { return matcher(p).MatchString(k.String()) })
		if i < 0 {
			t.Fatalf("%s is not listed", k)
		}
		used[v.Writes[i]] = true
	}
	for _, p := range v.Writes {
		if !used[p] && p != "OP#<operation>/OUT#<n>#<piece>" {
			t.Errorf("%s is listed and was never written", p)
		}
	}
}

func TestAChangeThatIsTooLargeIsRefusedAndSpoilsNoOther(t *testing.T) {
	s := open(t, t.TempDir(), sqlite.Options{})
	_, err := s.PutTemplate(t.Context(), broker.Template{ID: "a", UserData: strings.Repeat("x", schema.MaxItem)})
	if !fault.Is(err, fault.TooLarge) {
		t.Errorf("an item of 400 KiB: %v", err)
	}
	var many []broker.Attempt
	for n := range schema.MaxTransaction {
		many = append(many, broker.Attempt{N: n + 1})
	}
	err = s.ClaimOperation(t.Context(), broker.Claim{Operation: broker.Operation{ID: "op"}, Attempts: many})
	if !fault.Is(err, fault.TooLarge) {
		t.Errorf("102 items: %v", err)
	}
	twice := []broker.Attempt{{N: 1}, {N: 1}}
	err = s.ClaimOperation(t.Context(), broker.Claim{Operation: broker.Operation{ID: "op"}, Attempts: twice})
	if !fault.Is(err, fault.Internal) {
		t.Errorf("an attempt twice: %v", err)
	}
	if _, err := s.Ledger(t.Context(), "op"); !fault.Is(err, fault.NotFound) {
		t.Errorf("the operation: %v", err)
	}
}

// TestVerbsThatWaitTogetherEachGetTheirOwnAnswer mixes verbs that hold and
// verbs that do not in the same commits.
func TestVerbsThatWaitTogetherEachGetTheirOwnAnswer(t *testing.T) {
	s := open(t, t.TempDir(), sqlite.Options{})
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			id := fmt.Sprintf("t-%d", i/2)
			_, err := s.PutTemplate(t.Context(), broker.Template{ID: id, Version: int64(i%2) * 7})
			if held := err == nil; held != (i%2 == 0) {
				t.Errorf("%d: %v", i, err)
			}
		})
	}
	wg.Wait()
	page, _, err := s.Templates(t.Context(), broker.Page{Limit: 1000})
	if err != nil || len(page) != 100 {
		t.Errorf("%d templates, %v", len(page), err)
	}
}

func TestTheLogIsFoldedWhileTheStoreIsOpen(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, sqlite.Options{})
	for i := range 3000 {
		if _, err := s.Ticket(t.Context(), fmt.Sprint(i%10)); err != nil {
			t.Fatal(err)
		}
	}
	info, err := os.Stat(file(dir) + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	if mib := float64(info.Size()) / (1 << 20); mib < 0.5 || mib > 6 { // 3,000 commits that were never folded take 12
		t.Errorf("the log has grown to %.1f MiB", mib)
	}
}
