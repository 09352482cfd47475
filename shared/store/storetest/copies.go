package storetest

import (
	"testing"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// testCopies changes everything that was given to the store or came from it,
// and reads again.
func testCopies(t *testing.T, open Open) {
	t.Run("of what was given", func(t *testing.T) {
		f := newFixture(t, open)
		r, tpl := registration("pool-a"), template("small")
		must[broker.Registration](f)(f.PutProvider(f.Context(), r))
		must[broker.Template](f)(f.PutTemplate(f.Context(), tpl))
		spoilRegistration(r)
		tpl.MachineTypes[0], tpl.Tags["team"], *tpl.MaxNumber = "x", "x", 1
		o, a := operation("op-1", start), attempt(1)
		attempts := []broker.Attempt{a}
		f.ok(f.ClaimOperation(f.Context(), claim(o, attempts...)))
		spoilOperation(o)
		attempts[0].Spec.Tags["a"] = "x"
		f.unspoilt()
	})
	t.Run("of what was read", func(t *testing.T) {
		f := newFixture(t, open)
		put := must[broker.Registration](f)(f.PutProvider(f.Context(), registration("pool-a")))
		spoilRegistration(put)
		f.putTemplates("small")
		f.claimed("op-1")
		spoilRegistration(must[broker.Registration](f)(f.Provider(f.Context(), "pool-a")))
		v := f.view("pool-a")
		v.Capabilities["gpu"], v.Tags["site"] = "x", "x"
		tpl := must[broker.Template](f)(f.Template(f.Context(), "small"))
		tpl.MachineTypes[0], tpl.Tags["team"], *tpl.MaxNumber = "x", "x", 1
		l := f.ledger("op-1")
		spoilOperation(l.Operation)
		l.Attempts[0].Spec.Tags["a"] = "x"
		l.Decision.Ranked[0] = "x"
		f.unspoilt()
	})
}

func spoilRegistration(r broker.Registration) {
	r.Config[0], r.Capabilities["gpu"], r.Tags["site"], *r.PricePerHour = 'x', "x", "x", 99
}

func spoilOperation(o broker.Operation) {
	o.Context["zone"], o.Candidates[0].Provider, o.Candidates[0].Spec.BrokerID = "x", "x", "x"
}

// unspoilt fails unless the store still has what the test put into it.
func (f *fixture) unspoilt() {
	f.Helper()
	r := registration("pool-a")
	r.Version, r.Order = 1, 1
	f.same(r, must[broker.Registration](f)(f.Provider(f.Context(), "pool-a")))
	f.same(r.View(), f.view("pool-a"))
	tpl := template("small")
	tpl.Version = 1
	f.same(tpl, must[broker.Template](f)(f.Template(f.Context(), "small")))
	d := decision()
	f.same(broker.Ledger{Operation: operation("op-1", start), Attempts: []broker.Attempt{attempt(1)}, Decision: &d}, f.ledger("op-1"))
}
