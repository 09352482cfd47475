package broker

import (
	"context"
	"time"
)

// AuditSubject is what kind of thing was changed.
type AuditSubject string

// The subjects. An operation of a scheduler is a request.
const (
	AuditProvider      AuditSubject = "provider" // its registration, or its health by hand
	AuditTemplate      AuditSubject = "template"
	AuditConfiguration AuditSubject = "configuration" // there is one: it has no name
	AuditHostProvider  AuditSubject = "host_provider"
	AuditOperation     AuditSubject = "operation"
	AuditRequest       AuditSubject = "request"
)

// Values lists the subjects.
func (AuditSubject) Values() []string {
	return []string{
		string(AuditProvider), string(AuditTemplate), string(AuditConfiguration),
		string(AuditHostProvider), string(AuditOperation), string(AuditRequest),
	}
}

// AuditAction is what became of the subject.
type AuditAction string

// The actions.
const (
	AuditCreated AuditAction = "created"
	AuditChanged AuditAction = "changed"
	AuditRemoved AuditAction = "removed"
)

// AuditEvent is one change that somebody asked for: who, by what and from where,
// of what, and how it was before and after. It is stored with the change, or
// not at all. It holds nothing that is private; see [Private].
type AuditEvent struct {
	ID        string       `json:"id"` // begins with the time; given by the store
	At        time.Time    `json:"at"` // when it was stored; given by the store
	Actor     Actor        `json:"actor"`
	Operation string       `json:"operation"`
	Action    AuditAction  `json:"action"`
	Subject   AuditSubject `json:"subject_kind"`
	Name      string       `json:"subject_name,omitempty"`
	Changes   []Change     `json:"changes"`
	Omitted   int          `json:"omitted,omitempty"` // further changes, for which there was no room
}

// AuditFilter narrows the trail. Empty fields ask for nothing.
type AuditFilter struct {
	Principal string
	Operation string
	Subject   AuditSubject
	Name      string
	Since     time.Time // that and later
	Until     time.Time // before that
}

// AuditReader reads the audit trail.
type AuditReader interface {
	// AuditEvents returns a page, newest first. A page may be short, or empty,
	// while there is a next one. What has expired is not there.
	AuditEvents(ctx context.Context, f AuditFilter, p Page) ([]AuditEvent, string, error)
}

// Matches reports whether the filter asks for e.
func (f AuditFilter) Matches(e *AuditEvent) bool {
	return (f.Principal == "" || e.Actor.Principal == f.Principal) && (f.Operation == "" || e.Operation == f.Operation) &&
		(f.Subject == "" || e.Subject == f.Subject) && (f.Name == "" || e.Name == f.Name) && f.within(e.At)
}

func (f AuditFilter) within(at time.Time) bool {
	return !at.Before(f.Since) && (f.Until.IsZero() || at.Before(f.Until))
}
