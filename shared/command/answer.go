package command

import (
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
)

// Executed is the answer of executeProviderOperation: the operation as it
// stands. While it runs, Location is where it will end.
type Executed struct {
	broker.OperationView
}

// Location is the path of the operation while it runs, else "".
func (e Executed) Location() string {
	if e.Status == broker.OpRunning {
		return "/v1/queries/getOperation?operation_id=" + e.ID
	}
	return ""
}

// answer turns a ledger into what the caller gets: the operation, or a
// problem that holds it. waited says that the caller has no more time.
func answer(l broker.Ledger, waited bool, now time.Time) (Executed, error) {
	v := l.View()
	switch o := &l.Operation; {
	case o.Status == broker.OpFailed:
		e := problem(o.Code, v)
		e.RetryAfter = retryAfter(&l, now)
		return Executed{}, e
	case o.Status == broker.OpUnknown, waited && o.Type == broker.CreateInstances && mayHaveHappened(&l):
		return Executed{}, problem(fault.OutcomeUnknown, v)
	}
	return Executed{v}, nil
}

func problem(code fault.Code, v broker.OperationView) *fault.Error {
	e := fault.New(code, "%s", v.Message)
	if code == fault.OutcomeUnknown {
		e.Detail = "a request was sent and its outcome is not known yet; getOperation shows it under this operation_id as soon as it is. Do not send the request again"
	}
	e.OperationID = v.ID
	e.Extra = map[string]any{"operation": v, "attempts": v.Attempts}
	return e
}

// mayHaveHappened reports whether a request for machines is out there whose
// effect is not known.
func mayHaveHappened(l *broker.Ledger) bool {
	for i := range l.Attempts {
		a := &l.Attempts[i]
		if (a.State == broker.Sent || a.State == broker.UnknownEffect) && a.Undoes == 0 {
			return true
		}
	}
	return false
}

// retryAfter is the shortest time after which a provider said that it may be
// asked again; 0 when none did.
func retryAfter(l *broker.Ledger, now time.Time) time.Duration {
	var shortest time.Duration
	for i := range l.Attempts {
		if d := l.Attempts[i].NotBefore.Sub(now); d > 0 && (shortest == 0 || d < shortest) {
			shortest = d
		}
	}
	return shortest
}
