package eventstream

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// writer writes a stream to a reader.
type writer struct {
	to       http.ResponseWriter
	control  *http.ResponseController
	patience time.Duration
}

// comeBack is what a reader is told to wait before he comes back.
const comeBack = time.Second

func open(w http.ResponseWriter, patience time.Duration) *writer {
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // a proxy that collects would show nothing for a while
	return &writer{to: w, control: http.NewResponseController(w), patience: patience}
}

// begin tells the reader where he stands, before there is anything to read:
// one who is cut off then goes on from there.
func (w *writer) begin(position string) error {
	// The server's limit for reading a request would end the stream.
	if err := w.control.SetReadDeadline(time.Time{}); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return fmt.Errorf("keeping the connection: %w", err)
	}
	return w.write(fmt.Appendf(nil, "retry: %d\nid: %s\n\n", comeBack.Milliseconds(), position))
}

// send writes events, and behind them where the reader stands: what he did not
// ask for lies behind him, too.
func (w *writer) send(events []broker.Event, position string) error {
	var b bytes.Buffer
	for i := range events {
		doc, err := json.Marshal(&events[i])
		if err != nil {
			return fmt.Errorf("writing event %s: %w", events[i].ID, err)
		}
		fmt.Fprintf(&b, "id: %s\nevent: %s\ndata: %s\n\n", events[i].ID, events[i].Type, doc)
	}
	if len(events) == 0 || events[len(events)-1].ID != position {
		fmt.Fprintf(&b, ": still here\nid: %s\n\n", position)
	}
	return w.write(b.Bytes())
}

// write gives up when the reader takes nothing for too long. The deadline is of
// the connection, and by the clock of the machine.
func (w *writer) write(b []byte) error {
	if err := w.control.SetWriteDeadline(time.Now().Add(w.patience)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return fmt.Errorf("keeping the connection: %w", err)
	}
	if _, err := w.to.Write(b); err != nil { //nolint:gosec // G705: it is no page, and says so
		return fmt.Errorf("writing: %w", err)
	}
	if err := w.control.Flush(); err != nil {
		return fmt.Errorf("writing: %w", err)
	}
	return nil
}
