package broker

import (
	"encoding/json"
	"fmt"
	"unicode/utf8"
)

// What the audit trail says of changes. Each function is given what was stored
// before and what is stored now, nil for nothing, and is called by the store
// that makes the change. What nobody asked for by an operation, and what
// changes nothing, is not told.

// RegistrationAudit says what by changed of a provider.
func RegistrationAudit(before, after *Registration, by Actor) ([]AuditEvent, error) {
	a := audit{by: by, subject: AuditProvider}
	if before != nil {
		a.name, a.before = before.Name, before.Shown()
	}
	if after != nil {
		a.name, a.after = after.Name, after.Shown()
	}
	return a.events()
}

// ConfigAudit says what the actor of after changed of the configuration.
func ConfigAudit(before, after *StrategyConfig) ([]AuditEvent, error) {
	return audit{by: after.Actor, subject: AuditConfiguration, before: before.View(), after: after.View()}.events()
}

// TemplateAudit says what by changed of a template.
func TemplateAudit(before, after *Template, by Actor) ([]AuditEvent, error) {
	a := audit{by: by, subject: AuditTemplate}
	if before != nil {
		a.name, a.before = before.ID, before
	}
	if after != nil {
		a.name, a.after = after.ID, after
	}
	return a.events()
}

// HostProviderAudit says what the actor of after changed of an instance of a
// scheduler.
func HostProviderAudit(before, after *HostProvider) ([]AuditEvent, error) {
	a := audit{by: after.Actor, subject: AuditHostProvider, name: after.Name, after: after}
	if before != nil {
		a.before = before
	}
	return a.events()
}

// HealthAudit says what the actor of after says of a provider's health that was
// not so before.
func HealthAudit(provider string, before, after *Health) ([]AuditEvent, error) {
	return audit{by: after.Actor, subject: AuditProvider, name: provider, before: before.audited(), after: after.audited()}.events()
}

// audited is what somebody may say of a health. When it was found out is not
// told: that alone changes nothing.
func (h *Health) audited() any {
	type health struct {
		State   HealthState     `json:"state"`
		Message string          `json:"status_message,omitempty"`
		Source  string          `json:"source,omitempty"`
		Until   *Time           `json:"held_until,omitempty"`
		Details json.RawMessage `json:"error_details,omitempty"`
	}
	return map[string]health{"health": {h.State, h.Message, h.Source, AtTime(h.Until), h.Details}}
}

// CancellationAudit says who wants an operation no more, which was in the status
// before.
func CancellationAudit(before OperationStatus, o *Operation, by Actor) []AuditEvent {
	if by.Operation == "" {
		return nil
	}
	e := AuditEvent{
		Actor: by, Operation: by.Operation, Action: AuditChanged, Subject: AuditOperation, Name: o.ID,
		Changes: []Change{{Field: "cancelled", From: false, To: true}},
	}
	if o.Request != nil {
		e.Subject = AuditRequest
	}
	if o.Status != before {
		e.Changes = append(e.Changes, Change{Field: "status", From: before, To: o.Status})
	}
	return []AuditEvent{e}
}

// audit is what an entry is made of.
type audit struct {
	by            Actor
	subject       AuditSubject
	name          string
	before, after any
}

func (a audit) events() ([]AuditEvent, error) {
	if a.by.Operation == "" {
		return nil, nil
	}
	changes, err := Changes(a.before, a.after, bookkeeping()...)
	if err != nil {
		return nil, fmt.Errorf("telling what became of %s %q: %w", a.subject, a.name, err)
	}
	if len(changes) == 0 {
		return nil, nil
	}
	e := AuditEvent{Actor: a.by, Operation: a.by.Operation, Action: AuditChanged, Subject: a.subject, Name: a.name}
	switch {
	case a.before == nil:
		e.Action = AuditCreated
	case a.after == nil:
		e.Action = AuditRemoved
	}
	e.Changes, e.Omitted, err = bounded(changes)
	return []AuditEvent{e}, err
}

// Bounds of an entry, in bytes: a registration may hold a thousand hosts.
const (
	mostOfValue   = 1 << 10
	mostOfChanges = 8 << 10
)

// bounded returns as many of the changes as there is room for, long values cut,
// and how many are left out.
func bounded(changes []Change) (kept []Change, omitted int, err error) {
	room := mostOfChanges
	for i, c := range changes {
		if err := c.cut(); err != nil {
			return nil, 0, err
		}
		raw, err := json.Marshal(c)
		if err != nil {
			return nil, 0, fmt.Errorf("measuring a change: %w", err)
		}
		if room -= len(raw); room < 0 {
			return kept, len(changes) - i, nil
		}
		kept = append(kept, c)
	}
	return kept, 0, nil
}

// cut leaves of values that are too long their beginnings, as text.
func (c *Change) cut() error {
	for _, v := range []*any{&c.From, &c.To} {
		raw, err := json.Marshal(*v)
		if err != nil {
			return fmt.Errorf("measuring a change of %s: %w", c.Field, err)
		}
		if len(raw) > mostOfValue {
			*v, c.Cut = beginning(string(raw), mostOfValue), true
		}
	}
	return nil
}

// beginning is as much of s as fits, in whole characters.
func beginning(s string, most int) string {
	for i := range s {
		if i > most-utf8.UTFMax {
			return s[:i] + "…"
		}
	}
	return s
}
