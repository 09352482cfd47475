package eventstream

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
)

// request is what a reader asks for, and where he stands.
type request struct {
	query  broker.EventQuery
	types  []broker.EventType // none: all
	follow bool
}

// parse reads a request. Last-Event-ID is where a reader stands who was cut
// off; it goes before the parameters after and since. Without any of them one
// who follows begins now, and one who does not at the oldest event that is
// kept. invalid_request.
func parse(r *http.Request, now time.Time) (*request, error) {
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, fault.New(fault.InvalidRequest, "The query is malformed.")
	}
	if err := known(q); err != nil {
		return nil, err
	}
	asked := &request{follow: true, query: broker.EventQuery{Limit: pageSize, After: q.Get("after")}}
	if id := r.Header.Get("Last-Event-ID"); id != "" {
		asked.query.After = id
	}
	if asked.types, err = types(q["type"]); err != nil {
		return nil, err
	}
	switch q.Get("follow") {
	case "", "true":
	case "false":
		asked.follow = false
	default:
		return nil, fault.Invalid("follow", "want true or false")
	}
	return asked, asked.from(q.Get("since"), now)
}

func known(q url.Values) error {
	for name, values := range q {
		if !slices.Contains([]string{"after", "follow", "since", "type"}, name) {
			return fault.Invalid(name, "there is no such parameter; there are after, follow, since and type")
		}
		if len(values) > 1 && name != "type" {
			return fault.Invalid(name, "is given twice")
		}
	}
	return nil
}

// from sets where the reader stands.
func (r *request) from(since string, now time.Time) (err error) {
	switch after := r.query.After; {
	case after != "" && broker.EventTime(after).IsZero():
		return fault.Invalid("after", "want the id of an event")
	case since != "":
		if r.query.Since, err = broker.Moment("since", since, now); err != nil {
			return err
		}
	case after == "" && r.follow:
		r.query.Since = now
	}
	if r.query.After != "" {
		r.query.Since = time.Time{}
	}
	return nil
}

func types(words []string) ([]broker.EventType, error) {
	var out []broker.EventType
	all := broker.EventType("").Values()
	for _, word := range words {
		for name := range strings.SplitSeq(word, ",") {
			i := slices.IndexFunc(all, func(known string) bool { return strings.EqualFold(known, name) })
			if i < 0 {
				return nil, fault.Invalid("type", "there is no type %q; there are %s", name, strings.Join(all, ", "))
			}
			out = append(out, broker.EventType(all[i]))
		}
	}
	return out, nil
}

// matching returns what of a page was asked for, and moves the reader behind
// the page.
func (r *request) matching(page []broker.Event) []broker.Event {
	if len(page) > 0 {
		r.query.After = page[len(page)-1].ID
	}
	if len(r.types) == 0 {
		return page
	}
	return slices.DeleteFunc(page, func(e broker.Event) bool { return !slices.Contains(r.types, e.Type) })
}

// position is what the reader has to name to go on from here.
func (r *request) position() string {
	if r.query.After != "" {
		return r.query.After
	}
	return broker.EventPosition(r.query.Since)
}
