package sqstest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"
)

// Options say what a queue is.
type Options struct {
	Now     func() time.Time // nil: the time of this machine
	Longest time.Duration    // that an empty queue lets somebody wait, whatever he asks; 0: as long as he asks
	MoveAt  int              // what was received so often is moved to Dead when it would be handed out again; 0: never
}

// Queue is one queue. All methods are safe for concurrent use.
type Queue struct {
	o      Options
	server *httptest.Server

	mu       sync.Mutex
	messages []*message
	serial   int
	dead     []string
	calls    map[string]int
	troubles map[string]*Trouble
	changed  chan struct{} // closed at the next change
}

type message struct {
	id       string
	body     string
	receipt  string // the last one
	received int
	hidden   time.Time // until then
}

// Trouble is what a queue does to calls of one action instead of working.
type Trouble struct {
	Lose   bool   // has its effect, and closes the connection without an answer
	Refuse string // answers with this code, without an effect
	Status int    // with Refuse; 0: 400
	Times  int    // how many calls
}

// Start serves a queue on loopback until the test ends.
func Start(tb testing.TB, o Options) *Queue {
	tb.Helper()
	if o.Now == nil {
		o.Now = time.Now
	}
	q := &Queue{o: o, calls: map[string]int{}, troubles: map[string]*Trouble{}, changed: make(chan struct{})}
	q.server = httptest.NewServer(http.HandlerFunc(q.serve))
	tb.Cleanup(func() {
		q.server.CloseClientConnections() // somebody may be waiting for a message
		q.server.Close()
	})
	return q
}

// Endpoint is where the service is.
func (q *Queue) Endpoint() string { return q.server.URL }

// URL is the queue's.
func (q *Queue) URL() string { return q.server.URL + "/111122223333/events" }

// Send puts messages on the queue.
func (q *Queue) Send(bodies ...string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, b := range bodies {
		q.serial++
		q.messages = append(q.messages, &message{id: fmt.Sprintf("message-%d", q.serial), body: b})
	}
	q.tell()
}

// Trouble puts calls of an action into trouble; the zero value ends it.
func (q *Queue) Trouble(action string, t Trouble) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.troubles[action] = &t
}

// Left is how many messages are on the queue, hidden or not.
func (q *Queue) Left() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.messages)
}

// Dead are the messages that were moved away.
func (q *Queue) Dead() []string {
	q.mu.Lock()
	defer q.mu.Unlock()
	return append([]string(nil), q.dead...)
}

// Calls is how often an action was asked for.
func (q *Queue) Calls(action string) int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.calls[action]
}

// tell wakes those who wait for a message.
func (q *Queue) tell() {
	close(q.changed)
	q.changed = make(chan struct{})
}

// trouble is the trouble that a call is in, and counts it.
func (q *Queue) trouble(action string) Trouble {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.calls[action]++
	t := q.troubles[action]
	if t == nil || t.Times == 0 {
		return Trouble{}
	}
	t.Times--
	return *t
}
