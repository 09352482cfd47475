package eventstream

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
)

// Options configures streams. Events, Now and Log are required.
type Options struct {
	Events    broker.EventReader
	Now       func() time.Time
	Log       *slog.Logger
	Poll      time.Duration // between two looks at the store; 0: 250 ms
	Heartbeat time.Duration // longest silence of a stream; 0: 15 s
	Patience  time.Duration // with a reader who takes nothing; 0: 10 s
	Most      int           // streams at a time; 0: 64
}

const (
	defaultPoll      = 250 * time.Millisecond
	defaultHeartbeat = 15 * time.Second
	defaultPatience  = 10 * time.Second
	defaultMost      = 64
	pageSize         = 100
	whenFull         = 5 * time.Second // to wait for another's stream to end
)

func (o Options) withDefaults() Options {
	if o.Poll <= 0 {
		o.Poll = defaultPoll
	}
	if o.Heartbeat <= 0 {
		o.Heartbeat = defaultHeartbeat
	}
	if o.Patience <= 0 {
		o.Patience = defaultPatience
	}
	if o.Most <= 0 {
		o.Most = defaultMost
	}
	return o
}

// Streams serves streams. Its methods are safe for concurrent use.
type Streams struct {
	o     Options
	slots chan struct{} // one taken per stream
}

// New makes a server of streams.
func New(o Options) *Streams {
	o = o.withDefaults()
	return &Streams{o: o, slots: make(chan struct{}, o.Most)}
}

// Serve answers r with a stream, until its reader leaves, or is too slow, or the
// context of r ends. An error is a refusal, and nothing was written: invalid_request,
// store_unavailable.
func (s *Streams) Serve(w http.ResponseWriter, r *http.Request) error {
	asked, err := parse(r, s.o.Now())
	if err != nil {
		return err
	}
	select {
	case s.slots <- struct{}{}:
	default:
		e := fault.New(fault.StoreUnavailable, "The broker serves %d streams of events already, its limit. Try again in a moment.", cap(s.slots))
		e.RetryAfter = whenFull
		return e
	}
	defer func() { <-s.slots }()
	ctx := r.Context()
	first, err := s.o.Events.Events(ctx, asked.query)
	if err != nil {
		return err //nolint:wrapcheck // it is a fault, and says all
	}
	out := open(w, s.o.Patience)
	if err := s.stream(ctx, out, asked, first); err != nil && ctx.Err() == nil {
		s.o.Log.InfoContext(ctx, "a stream of events was cut off; its reader may go on after the last", "after", asked.query.After, "error", err)
	}
	return nil
}

// stream writes page after page. It returns when it is told to, with the error
// of a store that does not answer or a reader who does not read, or at the end
// of what is stored for one who does not follow.
func (s *Streams) stream(ctx context.Context, out *writer, asked *request, page []broker.Event) (err error) {
	if err := out.begin(asked.position()); err != nil {
		return err
	}
	said := s.o.Now()
	for {
		if n := asked.matching(page); len(n) > 0 || s.o.Now().Sub(said) >= s.o.Heartbeat {
			if err := out.send(n, asked.position()); err != nil {
				return err
			}
			said = s.o.Now()
		}
		if len(page) < pageSize {
			if !asked.follow {
				return nil
			}
			if !wait(ctx, s.o.Poll) {
				return nil
			}
		}
		if page, err = s.o.Events.Events(ctx, asked.query); err != nil {
			return err //nolint:wrapcheck // Serve says what was done
		}
	}
}

// wait reports whether d has passed before ctx ended.
func wait(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
