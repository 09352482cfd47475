package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/op"
)

// How often --wait asks: soon at first, then at most every two seconds, which
// a broker answers from one record.
const (
	firstPause = 100 * time.Millisecond
	lastPause  = 2 * time.Second
)

// patience is how many questions in a row may stay without an answer: a broker
// that restarts is back well within them.
const patience = 15

// follow asks until the work behind a has ended, and returns the record of its
// end. Progress goes to stderr.
func (c *client) follow(ctx context.Context, l *link, a answer) (answer, error) {
	r := request{method: http.MethodGet, path: recordPath(a), header: c.header()}
	start, delay, silent := c.now(), firstPause, 0
	show := progress{client: c, start: start}
	defer show.clear()
	for a.word() == running || a.status == http.StatusAccepted {
		show.update(a)
		if err := c.pause(ctx, delay); err != nil {
			return answer{}, stillRunning(a)
		}
		delay = min(delay*3/2, lastPause)
		next, err := l.do(ctx, r)
		switch {
		case err == nil && next.status < http.StatusInternalServerError:
			a, silent = next, 0
		case ctx.Err() != nil:
			return answer{}, stillRunning(a)
		default:
			if silent++; silent >= patience {
				return answer{}, lost(a, next, err)
			}
		}
	}
	a.waited = true
	return a, nil
}

// recordPath is where the record of an operation is.
func recordPath(a answer) string {
	if u, err := url.Parse(a.location); err == nil && a.location != "" && u.Path != "" {
		u.Scheme, u.Host, u.User = "", "", nil // the same broker, whatever it calls itself
		return u.String()
	}
	return op.QueryPath + getOperation + "?operation_id=" + url.QueryEscape(a.says.OperationID)
}

// stillRunning ends a wait that the user interrupted.
func stillRunning(a answer) *failure {
	id := a.says.OperationID
	return &failure{
		exit: fault.ExitFailed, document: a.body,
		line: fmt.Sprintf("interrupted; operation %s goes on: ohfp %s --operation-id %s --wait", id, getOperation, id),
	}
}

// lost ends a wait for a broker that no longer answers.
func lost(a answer, last answer, err error) error {
	if f, ok := errors.AsType[*failure](err); ok {
		f.line += "; operation " + a.says.OperationID + " may go on"
		return f
	}
	return &failure{exit: exitOf(last), document: last.body, line: last.says.Code + ": " + last.says.Detail}
}

// progress says on stderr how the wait goes: one line that renews itself on a
// terminal, else a line per change.
type progress struct {
	client *client
	start  time.Time
	said   string
	turns  int
}

var spinner = []rune("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏")

func (p *progress) update(a answer) {
	state := "operation " + oneLine(a.says.OperationID) + ": " + running
	if p.client.stderrTTY {
		elapsed := p.client.now().Sub(p.start).Truncate(time.Second)
		fmt.Fprintf(p.client.stderr, "\r\x1b[K%c %s, %s", spinner[p.turns%len(spinner)], state, elapsed)
		p.turns++
		return
	}
	if state != p.said {
		fmt.Fprintln(p.client.stderr, "ohfp: "+state)
		p.said = state
	}
}

func (p *progress) clear() {
	if p.client.stderrTTY && p.turns > 0 {
		fmt.Fprint(p.client.stderr, "\r\x1b[K")
	}
}
