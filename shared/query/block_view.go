package query

import (
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// BlockView is something that a provider is out of, or cannot make.
type BlockView struct {
	Offering string      `json:"offering" doc:"What was asked for: a machine type or any, how it is paid for, what it must have; or a template."`
	Class    string      `json:"class" doc:"CAPACITY, QUOTA or OFFERING_CONFIG."`
	Code     string      `json:"code,omitempty" doc:"The provider's own code."`
	Message  string      `json:"message,omitempty" doc:"In words."`
	Since    broker.Time `json:"since" doc:"When that was found out last."`
	Until    broker.Time `json:"until" doc:"When it is asked for again."`
	OnTrial  bool        `json:"on_trial,omitempty" doc:"That time is over: one request at a time tries."`
	InARow   int         `json:"in_a_row" doc:"How often that was found in a row."`
}

// blockedAt is what a provider is out of at now.
func blockedAt(p *broker.ProviderView, now time.Time) []BlockView {
	out := make([]BlockView, 0, len(p.Blocks))
	for i := range p.Blocks {
		b := &p.Blocks[i]
		out = append(out, BlockView{
			Offering: b.Offering, Class: b.Reason, Code: b.Code, Message: b.Message, Since: broker.Time{Time: b.Since},
			Until: broker.Time{Time: b.FreeFrom()}, OnTrial: !now.Before(b.Until), InARow: b.Opens,
		})
	}
	return out
}
