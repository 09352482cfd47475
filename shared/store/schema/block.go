package schema

import "github.com/openhostfactory/ohfp/shared/broker"

// BlockRow is a block as stored.
type BlockRow struct {
	Provider string `json:"provider_name"`
	broker.Block
}

// BlockItem makes the row of a block. One that says nothing any more may go.
func BlockItem(k broker.BlockKey, b broker.Block) (Item, error) {
	b.Offering = k.Offering
	it, err := Row(BlockKey(k), BlockRow{Provider: k.Provider, Block: b})
	it.Expires = b.ExpiresAt()
	return it, err
}
