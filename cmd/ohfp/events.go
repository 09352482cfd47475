package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/openhostfactory/ohfp/cmd/ohfp/internal/show"
	"github.com/openhostfactory/ohfp/cmd/ohfp/internal/sse"
	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/op"
)

// listening says which events are shown.
type listening struct {
	follow bool
	since  string
	after  string // the last that was shown, or where the broker said that we stand
	types  []string
	count  int
	shown  int
}

func (c *client) eventsCommand(ctx context.Context) *cobra.Command {
	var how listening
	cmd := &cobra.Command{
		Use: "events", Short: "Show what has happened, or what happens",
		Long: "Show what has happened at a broker: the events of the last seven days, oldest first, or with --follow\n" +
			"those that come, until it is interrupted. A follower that is cut off goes on after the last event that\n" +
			"it has, also when the broker was away. For people each is a line; for programs each is a line of JSON,\n" +
			"by the schemas of docs/events. Several brokers on one table show each other's events, ten seconds late.",
		Example: "  # What happened in the last hour\n  ohfp events --since 1h\n" +
			"  # Every circuit that opens from now on\n  ohfp events --follow --type CircuitOpened\n" +
			"  # Wait until a machine is lost\n  ohfp events --follow --type MachineLost --count 1",
		Args: arguments,
		RunE: func(*cobra.Command, []string) error { return c.events(ctx, &how) },
	}
	f := cmd.Flags()
	f.BoolVar(&how.follow, "follow", false, "show what comes, until interrupted")
	f.StringVar(&how.since, "since", "", "from then on: 90m, or a time as 2026-01-31T12:00:00Z (default: all that is kept; with --follow now)")
	f.StringVar(&how.after, "after", "", "after the event with this id")
	f.StringSliceVar(&how.types, "type", nil, "only these types: CircuitOpened,CircuitClosed")
	f.IntVar(&how.count, "count", 0, "end after so many events (default: no limit)")
	if err := complete(cmd, "type", broker.EventType("").Values()); err != nil {
		cmd.RunE = func(*cobra.Command, []string) error { return fmt.Errorf("offering the words of --type: %w", err) }
	}
	return cmd
}

// Times of a follower.
const (
	silence       = 45 * time.Second // of a stream that is dead: a broker says something every 15 s
	firstComeBack = time.Second
	lastComeBack  = 10 * time.Second
)

// events shows what is asked for. A broker that was never reached is a failure;
// one that goes away is waited for.
func (c *client) events(ctx context.Context, how *listening) error {
	if err := c.configure(); err != nil {
		return err
	}
	if c.format() == show.YAML {
		return usage("events are shown as a table or as lines of JSON, not as YAML")
	}
	if how.count < 0 {
		return usage("--count: want 1 or more, or leave it out")
	}
	link, err := c.connect()
	if err != nil {
		return err
	}
	if err := c.keepListening(ctx, link, how); ctx.Err() == nil {
		return err
	}
	return nil // interrupting is how one ends it
}

// keepListening listens again where a stream was cut off.
func (c *client) keepListening(ctx context.Context, link *link, how *listening) error {
	delay, heard := firstComeBack, false
	for {
		answered, err := c.listen(ctx, link, how)
		switch {
		case err == nil && (!how.follow || how.enough()):
			return nil
		case refused(err) && !(heard && mayComeBack(err)):
			return err
		case answered:
			delay, heard = firstComeBack, true
		}
		if err := c.awaitBroker(ctx, delay); err != nil {
			return err
		}
		delay = min(2*delay, lastComeBack)
	}
}

// awaitBroker waits for a broker that is gone, unless it is the reader who is.
func (c *client) awaitBroker(ctx context.Context, delay time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	fmt.Fprintln(c.stderr, "ohfp: the broker is gone; going on when it is back")
	return c.pause(ctx, delay)
}

// refused reports whether there was no stream, rather than one that was cut.
func refused(err error) bool {
	_, ok := errors.AsType[*failure](err)
	return ok
}

// mayComeBack tells a broker that is away, or whose store is, from one that
// does not want us.
func mayComeBack(err error) bool {
	f, ok := errors.AsType[*failure](err)
	return ok && (f.exit == fault.ExitUnreachable || strings.HasPrefix(f.line, string(fault.StoreUnavailable)))
}

func (l *listening) enough() bool { return l.count > 0 && l.shown >= l.count }

// path is what to ask for, from where the reader stands.
func (l *listening) path() string {
	q := url.Values{"follow": {strconv.FormatBool(l.follow)}}
	if l.after == "" && l.since != "" {
		q.Set("since", l.since)
	}
	if len(l.types) > 0 {
		q["type"] = l.types
	}
	return "/v1/events?" + q.Encode()
}

// listen shows one stream, to its end. It reports whether there was one.
func (c *client) listen(ctx context.Context, l *link, how *listening) (answered bool, err error) {
	ctx, hangUp := context.WithCancel(ctx)
	defer hangUp()
	r := request{method: http.MethodGet, path: how.path(), header: c.header()}
	r.header.Set("Accept", "text/event-stream, "+op.ProblemType)
	if how.after != "" {
		r.header.Set("Last-Event-ID", how.after)
	}
	body, err := l.open(ctx, r)
	if err != nil {
		return false, err
	}
	defer func() { _ = body.Close() }() // it has ended, or is given up
	stillThere := time.AfterFunc(silence, hangUp)
	defer stillThere.Stop()
	stream := sse.NewReader(body)
	for !how.enough() {
		e, err := stream.Next()
		if errors.Is(err, io.EOF) {
			return true, nil
		}
		if err != nil {
			return true, fmt.Errorf("listening: %w", err)
		}
		stillThere.Reset(silence)
		if err := c.showEvent(e, how); err != nil {
			return true, &failure{exit: fault.ExitFailed, line: "writing the answer: " + err.Error()}
		}
	}
	return true, nil
}
