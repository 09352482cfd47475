package schema

import (
	"cmp"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// Retention is how long what has ended is kept. What is open, and a machine
// that is not final, is kept without end.
type Retention struct {
	Operations time.Duration // from the end of an operation, with its attempts and its decision; 0: 35 days
	Machines   time.Duration // from the end of a machine; 0: 40 days
	Audit      time.Duration // from a change that somebody asked for; 0: 400 days
}

// DefaultRetention outlives the longest window of metrics, 35 days: what
// machines cost in it is told from their records. The audit trail outlives the
// year that it is looked over in.
func DefaultRetention() Retention {
	const day = 24 * time.Hour
	return Retention{Operations: 35 * day, Machines: 40 * day, Audit: 400 * day}
}

// orDefault is r with its defaults.
func (r Retention) orDefault() Retention {
	d := DefaultRetention()
	return Retention{Operations: cmp.Or(r.Operations, d.Operations), Machines: cmp.Or(r.Machines, d.Machines), Audit: cmp.Or(r.Audit, d.Audit)}
}

// operationExpires is zero for an operation that is open.
func (r Retention) operationExpires(o *broker.Operation) time.Time {
	if o.Status.Open() || o.EndedAt.IsZero() {
		return time.Time{}
	}
	return o.EndedAt.Add(r.orDefault().Operations)
}

// machineExpires is zero for a machine that is not in a final status.
func (r Retention) machineExpires(m *broker.Machine) time.Time {
	if !m.Status.Final() || m.UpdatedAt.IsZero() {
		return time.Time{}
	}
	return m.UpdatedAt.Add(r.orDefault().Machines)
}

func (r Retention) auditExpires(e *broker.AuditEvent) time.Time { return e.At.Add(r.orDefault().Audit) }

// LongestOpen is how long an operation can be open at most and keep all of its
// rows where each row expires by itself.
const LongestOpen = 180 * 24 * time.Hour

// RestExpires is when a row of an operation goes that is not written again when
// the operation ends: of a store where each row expires by itself and the end
// of an operation writes its own row and its last attempt alone. o is the
// operation as stored with the row, nil when it is open.
func (r Retention) RestExpires(o *broker.Operation, now time.Time) time.Time {
	if o != nil {
		if at := r.operationExpires(o); !at.IsZero() {
			return at
		}
	}
	return now.Add(LongestOpen + r.orDefault().Operations)
}

// TicketItem makes the row of a scope's counter.
func TicketItem(scope string, next int64, now time.Time) (Item, error) {
	it, err := Row(TicketKey(scope), next)
	it.Expires = TicketExpires(now)
	return it, err
}

// TicketExpires is when the counter of a scope goes that was last used at now:
// a scope is the members of a tier, and where these change nobody comes back to
// it. It moves once a day, so that most tickets leave the expiry as it is.
func TicketExpires(now time.Time) time.Time {
	const kept = 36 * 24 * time.Hour
	return now.UTC().Truncate(24 * time.Hour).Add(kept)
}

// View is what a reader sees at a time: what has expired is not there, be its
// rows deleted or not.
type View struct {
	Retention
	Now time.Time
}

// HasOperation reports whether o is still kept.
func (v View) HasOperation(o *broker.Operation) bool { return v.before(v.operationExpires(o)) }

// HasMachine reports whether m is still kept.
func (v View) HasMachine(m *broker.Machine) bool { return v.before(v.machineExpires(m)) }

func (v View) before(expires time.Time) bool { return expires.IsZero() || v.Now.Before(expires) }
