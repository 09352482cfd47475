package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/openhostfactory/ohfp/cmd/ohfp/internal/show"
	"github.com/openhostfactory/ohfp/cmd/ohfp/internal/sse"
)

// open asks for a stream. What is no stream is a failure.
func (l *link) open(ctx context.Context, r request) (io.ReadCloser, error) {
	patient := *l.http
	patient.Timeout = 0
	res, err := l.send(ctx, &patient, r)
	if err != nil {
		return nil, err
	}
	if res.StatusCode == http.StatusOK && strings.HasPrefix(res.Header.Get("Content-Type"), "text/event-stream") {
		return res.Body, nil
	}
	defer func() { _ = res.Body.Close() }() // it is read, or given up
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return nil, l.unreachable(ctx, err)
	}
	a, err := l.understand(res, body)
	if err != nil {
		return nil, err
	}
	return nil, &failure{exit: exitOf(a), document: a.body, line: a.says.Code + ": " + a.says.Detail}
}

// showEvent prints an event, and notes where we stand when that is done.
func (c *client) showEvent(e sse.Event, how *listening) error {
	if e.Data != "" {
		line := e.Data
		if c.format() == show.Table {
			line = eventLine([]byte(e.Data))
		}
		if _, err := fmt.Fprintln(c.stdout, line); err != nil {
			return fmt.Errorf("showing an event: %w", err)
		}
		how.shown++
	}
	if e.ID != "" {
		how.after = e.ID
	}
	return nil
}

// eventLine is an event for people: when, what, and the other fields in their
// order. One that is no flat object is shown as it is.
func eventLine(doc []byte) string {
	d := json.NewDecoder(bytes.NewReader(doc))
	d.UseNumber()
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return oneLine(string(doc))
	}
	var when, what string
	var rest []string
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return oneLine(string(doc))
		}
		value, err := d.Token()
		if err != nil {
			return oneLine(string(doc))
		}
		switch text := fmt.Sprint(value); name {
		case "id":
		case "time":
			when = text
		case "type":
			what = text
		default:
			rest = append(rest, fmt.Sprintf("%s=%s", name, worded(text)))
		}
	}
	return oneLine(when) + "  " + fmt.Sprintf("%-21s", oneLine(what)) + "  " + oneLine(strings.Join(rest, " "))
}

// worded keeps a text of several words together.
func worded(s string) string {
	if strings.ContainsAny(s, " \t\n\"=") || s == "" {
		return fmt.Sprintf("%q", s)
	}
	return s
}
