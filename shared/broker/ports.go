package broker

import (
	"context"
	"fmt"
	"time"
)

// The ports are verbs of the domain. A store carries each out as one
// DynamoDB-shaped call or one transaction of at most 100 items. Errors: a
// look-up that finds nothing is a not_found [fault.Error]; a condition that
// does not hold is a [*Conflict] with the value now stored; a store that
// cannot be reached is store_unavailable. No method keeps what it is given or
// hands out what it keeps.

// Conflict says that the stored value is not the one that the caller saw.
type Conflict struct {
	What    string // "provider \"pool-a\""
	Current any    // the value now stored: Registration, StrategyConfig, Template, Live, Attempt, Operation, KeyRecord, Lease
}

// Error names what is in conflict.
func (c *Conflict) Error() string { return fmt.Sprintf("%s has changed meanwhile", c.What) }

// Page asks for one page of a list. The zero Cursor is the beginning; it stays
// good across restarts.
type Page struct {
	Limit  int
	Cursor string
}

// TemplateReader reads templates.
type TemplateReader interface {
	// Template returns one by id. not_found.
	Template(ctx context.Context, id string) (Template, error)
	// Templates returns a page by id, and the next page's cursor, "" at the end.
	Templates(ctx context.Context, p Page) ([]Template, string, error)
}

// TemplateWriter changes templates.
type TemplateWriter interface {
	// PutTemplate stores t if the stored version is t.Version (0: none) and
	// returns it with version + 1. *Conflict with the stored Template.
	PutTemplate(ctx context.Context, t Template) (Template, error)
	// DeleteTemplate removes one for by. not_found.
	DeleteTemplate(ctx context.Context, id string, by Actor) error
}

// TicketTaker hands out numbers: 0, 1, 2, … in a scope, each once.
type TicketTaker interface {
	Ticket(ctx context.Context, scope string) (int64, error)
}

// Key is an idempotency key in its scope.
type Key struct {
	Principal string `json:"principal"`
	Operation string `json:"operation"`
	Key       string `json:"key"`
}

// KeyRecord is what an idempotency key was used for.
type KeyRecord struct {
	Key         Key       `json:"key"`
	Hash        string    `json:"hash"`                   // of the canonical body
	OperationID string    `json:"operation_id,omitempty"` // the answer is that operation's record
	Done        bool      `json:"done"`
	Status      int       `json:"status,omitempty"` // the stored answer
	Answer      []byte    `json:"answer,omitempty"`
	LeaseUntil  time.Time `json:"lease_until"` // past it an unfinished claim without an operation is free: its owner died
	ExpiresAt   time.Time `json:"expires_at"`  // by the reader's clock
}

// Keys keeps idempotency keys.
type Keys interface {
	// ReadKey returns the record of k unless it has expired at now; false: none.
	ReadKey(ctx context.Context, k Key, now time.Time) (KeyRecord, bool, error)
	// ClaimKey stores r if there is none, or what is there has expired or
	// been abandoned at now. *Conflict with the stored KeyRecord.
	ClaimKey(ctx context.Context, r KeyRecord, now time.Time) error
	// FinishKey stores the answer of a claim.
	FinishKey(ctx context.Context, r KeyRecord) error
	// DropKey frees a claim whose request was refused.
	DropKey(ctx context.Context, k Key) error
}

// MetaReader identifies the broker.
type MetaReader interface {
	Meta(ctx context.Context) (Meta, error)
}
