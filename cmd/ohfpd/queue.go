package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/openhostfactory/ohfp/shared/host/eventqueue"
	"github.com/openhostfactory/ohfp/shared/op"
)

// eventQueue is a queue of SQS on which providers tell of machines.
type eventQueue struct {
	URL      string
	Region   string // "": the one that AWS's tools find
	Endpoint string // "": AWS's own
}

// awsQueue is the host of a queue at AWS.
var awsQueue = regexp.MustCompile(`^sqs\.([a-z0-9-]+)\.amazonaws\.com(\.cn)?$`)

// parseQueue reads the URL of a queue. A host that is not AWS's is an endpoint.
func parseQueue(text string) (eventQueue, bool) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || strings.Trim(u.Path, "/") == "" || text != u.Scheme+"://"+u.Host+u.Path {
		return eventQueue{}, false
	}
	if m := awsQueue.FindStringSubmatch(u.Host); m != nil && u.Scheme == "https" {
		return eventQueue{URL: text, Region: m[1]}, true
	}
	ok := u.Scheme == "https" || u.Scheme == "http" && ownMachine(u.Hostname())
	return eventQueue{URL: text, Endpoint: u.Scheme + "://" + u.Host}, ok
}

func ownMachine(host string) bool {
	a, err := netip.ParseAddr(host)
	return err == nil && a.IsLoopback() || host == "localhost"
}

func (c *checker) queues(given []string) []eventQueue {
	var list []eventQueue
	for i, text := range given {
		q, ok := parseQueue(text)
		if !ok {
			c.fail(place{"event_queues", i}, "%q is not the URL of a queue: give one such as https://sqs.eu-west-1.amazonaws.com/111122223333/ohfp-events", text)
		}
		list = append(list, q)
	}
	return list
}

// queueCall is who tells of machines.
var queueCall = op.Call{Principal: "queue", Role: op.Admin}

// reader makes the reader of a queue; record carries recordMachineEvent out.
func (q eventQueue) reader(ctx context.Context, record op.Endpoint, log *slog.Logger) (*eventqueue.Reader, error) {
	a, err := awsConfig(ctx, log)
	if err != nil {
		return nil, err
	}
	if q.Region != "" {
		a.Region = q.Region
	}
	client := sqs.NewFromConfig(a, func(o *sqs.Options) {
		if q.Endpoint != "" {
			o.BaseEndpoint = &q.Endpoint
		}
	})
	r, err := eventqueue.New(eventqueue.Options{
		URL: q.URL, Client: client, Pause: pause, Log: log,
		Record: func(ctx context.Context, body []byte) (bool, error) { return recorded(ctx, record, body) },
	})
	if err != nil {
		return nil, fmt.Errorf("reading the queue %s: %w", q.URL, err)
	}
	return r, nil
}

// recorded reports whether the machine of an event is known.
func recorded(ctx context.Context, record op.Endpoint, body []byte) (bool, error) {
	a, err := record.Serve(ctx, queueCall, body)
	if err != nil {
		return false, err //nolint:wrapcheck // the reader judges by it
	}
	var out struct {
		Known bool `json:"known"`
	}
	if err := json.Unmarshal(a.Body, &out); err != nil {
		return false, fmt.Errorf("reading an answer of recordMachineEvent: %w", err)
	}
	return out.Known, nil
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
