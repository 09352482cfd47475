package query

import (
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// Service is what the operations of this room need.
type Service struct {
	Registry   broker.ProviderReader
	History    broker.HealthHistory
	Operations broker.OperationReader
	Templates  broker.TemplateReader
	HasDriver  func(kind string) bool
	Now        func() time.Time
}

// Paging is asked for in the same way by every list.
type Paging struct {
	Limit  int    `json:"limit,omitempty" doc:"How many at most." min:"1" max:"1000" default:"100"`
	Cursor string `json:"cursor,omitempty" doc:"next_cursor of the page before." maxlen:"512"`
}

func (p Paging) page() broker.Page { return broker.Page{Limit: p.Limit, Cursor: p.Cursor} }
