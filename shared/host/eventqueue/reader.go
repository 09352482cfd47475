package eventqueue

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// Client is what is called of SQS.
type Client interface {
	ReceiveMessage(ctx context.Context, in *sqs.ReceiveMessageInput, with ...func(*sqs.Options)) (*sqs.ReceiveMessageOutput, error)
	DeleteMessageBatch(ctx context.Context, in *sqs.DeleteMessageBatchInput, with ...func(*sqs.Options)) (*sqs.DeleteMessageBatchOutput, error)
	ChangeMessageVisibilityBatch(ctx context.Context, in *sqs.ChangeMessageVisibilityBatchInput, with ...func(*sqs.Options)) (*sqs.ChangeMessageVisibilityBatchOutput, error)
}

var _ Client = (*sqs.Client)(nil)

// Options say which queue is read and by whom. All are required.
type Options struct {
	URL    string
	Client Client
	// Record carries the event out, whose body is as recordMachineEvent takes
	// it. known says whether the machine is this broker's. An invalid_request
	// or too_large [fault.Error] is the event's fault, every other error not.
	Record func(ctx context.Context, body []byte) (known bool, err error)
	// Pause waits; it ends early with its context.
	Pause func(ctx context.Context, d time.Duration)
	Log   *slog.Logger
}

// Reader reads one queue.
type Reader struct {
	o     Options
	fails int // calls in a row
}

// New returns a reader, or what is missing from the options.
func New(o Options) (*Reader, error) {
	if o.URL == "" || o.Client == nil || o.Record == nil || o.Pause == nil || o.Log == nil {
		return nil, errors.New("a reader of events needs a queue, its client, who records, how to wait, and a log")
	}
	return &Reader{o: o}, nil
}

// How messages are received.
const (
	longPoll = 20 // seconds, the longest: an empty queue costs three calls a minute
	batch    = 10 // the most
	// held is for how many seconds others do not see what is being recorded:
	// far longer than a batch takes. A broker that dies delays its events by that.
	held = 30
	// handing is how long what was received may take, also when the broker stops.
	handing = 8 * time.Second
	// firstPause and lastPause bound the wait after a call that failed.
	firstPause, lastPause = time.Second, time.Minute
)

// Run reads until ctx ends. What it has received then it sees to.
func (r *Reader) Run(ctx context.Context) {
	for ctx.Err() == nil {
		if err := r.round(ctx); err != nil && ctx.Err() == nil {
			r.fails++
			r.o.Log.ErrorContext(ctx, "events on the queue could not be read or recorded; they stay there",
				"queue", r.o.URL, "error", err.Error(), "in_a_row", r.fails)
			r.o.Pause(ctx, min(lastPause, firstPause<<min(r.fails-1, 6)))
			continue
		}
		r.fails = 0
	}
}

// round receives some messages and sees to each.
func (r *Reader) round(ctx context.Context) error {
	out, err := r.o.Client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
		QueueUrl: &r.o.URL, MaxNumberOfMessages: batch, WaitTimeSeconds: longPoll, VisibilityTimeout: held,
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameApproximateReceiveCount},
	})
	if err != nil {
		return err //nolint:wrapcheck // Run says what failed
	}
	if len(out.Messages) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), handing)
	defer cancel()
	var done handled
	for i := range out.Messages {
		done.add(&out.Messages[i], r.handle(ctx, &out.Messages[i]))
	}
	return errors.Join(done.failed, r.remove(ctx, done.over), r.release(ctx, done.others))
}

// handled are messages by what becomes of them.
type handled struct {
	over   []types.DeleteMessageBatchRequestEntry
	others []types.ChangeMessageVisibilityBatchRequestEntry
	failed error // of the broker: the first one
}

func (h *handled) add(m *types.Message, v verdict) {
	id := strconv.Itoa(len(h.over) + len(h.others))
	switch {
	case v.err != nil:
		if h.failed == nil {
			h.failed = v.err
		}
	case v.over:
		h.over = append(h.over, types.DeleteMessageBatchRequestEntry{Id: &id, ReceiptHandle: m.ReceiptHandle})
	case v.others:
		h.others = append(h.others, types.ChangeMessageVisibilityBatchRequestEntry{Id: &id, ReceiptHandle: m.ReceiptHandle, VisibilityTimeout: turn})
	}
}

// remove deletes messages. What stays, because one could not be deleted, comes
// again, and changes nothing then.
func (r *Reader) remove(ctx context.Context, over []types.DeleteMessageBatchRequestEntry) error {
	if len(over) == 0 {
		return nil
	}
	_, err := r.o.Client.DeleteMessageBatch(ctx, &sqs.DeleteMessageBatchInput{QueueUrl: &r.o.URL, Entries: over})
	return err //nolint:wrapcheck // Run says what failed
}

// release gives messages to the next one who asks, soon.
func (r *Reader) release(ctx context.Context, others []types.ChangeMessageVisibilityBatchRequestEntry) error {
	if len(others) == 0 {
		return nil
	}
	_, err := r.o.Client.ChangeMessageVisibilityBatch(ctx, &sqs.ChangeMessageVisibilityBatchInput{QueueUrl: &r.o.URL, Entries: others})
	return err //nolint:wrapcheck // Run says what failed
}

// received is how often a message was handed out; 1 when the queue does not say.
func received(m *types.Message) int {
	n, err := strconv.Atoi(m.Attributes[string(types.MessageSystemAttributeNameApproximateReceiveCount)])
	if err != nil {
		return 1
	}
	return n
}

func text(s *string) string { return awssdk.ToString(s) }
