package sqstest

import (
	"context"
	"crypto/md5" //nolint:gosec // the protocol's checksum of a body
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// refusal is an error of the service.
type refusal struct {
	Type    string `json:"__type"`
	Message string `json:"message"`
	status  int
}

func refuse(code, format string, args ...any) *refusal {
	return &refusal{Type: "com.amazonaws.sqs#" + code, Message: fmt.Sprintf(format, args...), status: http.StatusBadRequest}
}

func (q *Queue) serve(w http.ResponseWriter, r *http.Request) {
	action, _ := strings.CutPrefix(r.Header.Get("X-Amz-Target"), "AmazonSQS.")
	t := q.trouble(action)
	if t.Refuse != "" {
		no := refuse(t.Refuse, "the double was told to refuse")
		no.status = max(t.Status, http.StatusBadRequest)
		answer(w, no.status, no)
		return
	}
	out, no := q.carryOut(r, action)
	switch {
	case t.Lose:
		panic(http.ErrAbortHandler)
	case no != nil:
		answer(w, no.status, no)
	default:
		answer(w, http.StatusOK, out)
	}
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(body); err != nil {
		return // who asked is gone
	}
}

// entry is one of a batch.
type entry struct {
	ID                string `json:"Id"`
	ReceiptHandle     string
	VisibilityTimeout int
}

// request is what the double reads of a call.
type request struct {
	QueueURL                    string `json:"QueueUrl"`
	MaxNumberOfMessages         int
	VisibilityTimeout           int
	WaitTimeSeconds             int
	MessageSystemAttributeNames []string
	Entries                     []entry
}

func (q *Queue) carryOut(r *http.Request, action string) (any, *refusal) {
	if !strings.Contains(r.Header.Get("Authorization"), "/sqs/aws4_request") {
		return nil, refuse("MissingAuthenticationToken", "the request is not signed for sqs")
	}
	var in request
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil {
		return nil, refuse("InvalidParameterValue", "%v", err)
	}
	if in.QueueURL != q.URL() {
		return nil, refuse("QueueDoesNotExist", "The specified queue does not exist.")
	}
	switch action {
	case "ReceiveMessage":
		return q.receive(r.Context(), &in)
	case "DeleteMessageBatch":
		return q.each(in.Entries, func(i int, _ entry) { q.messages = slices.Delete(q.messages, i, i+1) })
	case "ChangeMessageVisibilityBatch":
		return q.each(in.Entries, func(i int, e entry) {
			q.messages[i].hidden = q.o.Now().Add(time.Duration(e.VisibilityTimeout) * time.Second)
		})
	}
	return nil, refuse("UnsupportedOperation", "the double does not know %s", action)
}

type receivedMessage struct {
	MessageID     string `json:"MessageId"`
	ReceiptHandle string
	Body          string
	MD5OfBody     string
	Attributes    map[string]string `json:",omitempty"`
}

type receivedMessages struct {
	Messages []receivedMessage `json:",omitempty"`
}

// receive waits for messages as long as was asked for.
func (q *Queue) receive(ctx context.Context, in *request) (any, *refusal) {
	if in.MaxNumberOfMessages < 1 || in.MaxNumberOfMessages > 10 || in.WaitTimeSeconds > 20 {
		return nil, refuse("InvalidParameterValue", "want 1 to 10 messages and at most 20 s")
	}
	ctx, cancel := context.WithTimeout(ctx, q.patience(in))
	defer cancel()
	beat := time.NewTicker(10 * time.Millisecond) // what was hidden is seen without a change
	defer beat.Stop()
	for {
		some, changed := q.take(in)
		if len(some) > 0 || ctx.Err() != nil {
			return receivedMessages{some}, nil
		}
		select {
		case <-changed:
		case <-beat.C:
		case <-ctx.Done():
		}
	}
}

func (q *Queue) patience(in *request) time.Duration {
	wait := time.Duration(in.WaitTimeSeconds) * time.Second
	if q.o.Longest > 0 {
		wait = min(wait, q.o.Longest)
	}
	return wait
}

func (q *Queue) take(in *request) (some []receivedMessage, changed <-chan struct{}) {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := q.o.Now()
	q.messages = slices.DeleteFunc(q.messages, func(m *message) bool {
		over := q.o.MoveAt > 0 && m.received >= q.o.MoveAt && !now.Before(m.hidden)
		if over {
			q.dead = append(q.dead, m.body)
		}
		return over
	})
	for _, m := range q.messages {
		if len(some) == in.MaxNumberOfMessages || now.Before(m.hidden) {
			continue
		}
		q.serial++
		m.received++
		m.receipt, m.hidden = fmt.Sprintf("receipt-%d", q.serial), now.Add(time.Duration(in.VisibilityTimeout)*time.Second)
		sum := md5.Sum([]byte(m.body)) //nolint:gosec // the protocol's
		one := receivedMessage{MessageID: m.id, ReceiptHandle: m.receipt, Body: m.body, MD5OfBody: hex.EncodeToString(sum[:])}
		if slices.Contains(in.MessageSystemAttributeNames, "ApproximateReceiveCount") {
			one.Attributes = map[string]string{"ApproximateReceiveCount": strconv.Itoa(m.received)}
		}
		some = append(some, one)
	}
	return some, q.changed
}

// each does something with the messages of a batch that still have the receipt
// which is named: who was given a later one has the message now.
func (q *Queue) each(entries []entry, do func(i int, e entry)) (any, *refusal) {
	type result struct {
		ID string `json:"Id"`
	}
	type out struct {
		Successful []result
		Failed     []result
	}
	if len(entries) == 0 || len(entries) > 10 {
		return nil, refuse("EmptyBatchRequest", "want 1 to 10 entries")
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	o := out{Failed: []result{}}
	for _, e := range entries {
		if i := slices.IndexFunc(q.messages, func(m *message) bool { return m.receipt == e.ReceiptHandle }); i >= 0 {
			do(i, e)
		}
		o.Successful = append(o.Successful, result{e.ID})
	}
	q.tell()
	return o, nil
}
