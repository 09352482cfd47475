package schema

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
)

// Item is one row. The zero Open, List and Expires are absent attributes.
type Item struct {
	Key
	Doc     []byte // JSON, or a piece of it
	Open    Key    // in the open index
	List    Key    // in the list index
	Expires time.Time
}

// TTL is Expires in Unix seconds, rounded up: no row goes early. 0: never.
func (it *Item) TTL() int64 {
	if it.Expires.IsZero() {
		return 0
	}
	return it.Expires.Add(time.Second - 1).Unix()
}

// TTLOf is the largest TTL of what has expired at now.
func TTLOf(now time.Time) int64 { return now.Unix() }

// Change is what one transaction writes: all or nothing.
type Change struct {
	Put    []Item
	Delete []Key
	Events []broker.Event      // what it tells: rows of their own, named when it is carried out
	Audits []broker.AuditEvent // who asked for it: likewise
}

// Len is how many items the change touches.
func (c *Change) Len() int { return len(c.Put) + len(c.Delete) + len(c.Events) + len(c.Audits) }

// Add appends another change.
func (c *Change) Add(o Change) {
	c.Put = append(c.Put, o.Put...)
	c.Delete = append(c.Delete, o.Delete...)
	c.Events = append(c.Events, o.Events...)
	c.Audits = append(c.Audits, o.Audits...)
}

// Check refuses what the table cannot hold: too_large; and, as internal, two
// writes of one item.
func (c *Change) Check() error {
	if c.Len() > MaxTransaction {
		return fault.New(fault.TooLarge, "This change touches %d stored items; at most %d fit in one transaction.", c.Len(), MaxTransaction)
	}
	if k, twice := c.twice(); twice {
		return fault.New(fault.Internal, "This change writes %s twice.", k)
	}
	total := len(c.Events)*maxEvent + len(c.Audits)*maxAudit
	for i := range c.Put {
		if err := c.Put[i].check(); err != nil {
			return err
		}
		total += c.Put[i].size()
	}
	if total > MaxTransactionBytes {
		return fault.New(fault.TooLarge, "This change stores %d bytes; at most %d fit in one transaction.", total, MaxTransactionBytes)
	}
	return nil
}

func (c *Change) twice() (Key, bool) {
	in := make(map[Key]bool, c.Len())
	for i := range c.Put {
		if in[c.Put[i].Key] {
			return c.Put[i].Key, true
		}
		in[c.Put[i].Key] = true
	}
	for _, k := range c.Delete {
		if in[k] {
			return k, true
		}
		in[k] = true
	}
	return Key{}, false
}

// attributeNames is a generous bound on what the names of attributes add, and
// the flat attributes that conditions read.
const attributeNames = 512

func (it *Item) size() int {
	n := len(it.PK) + len(it.SK) + len(it.Doc) + attributeNames
	return n + len(it.Open.PK) + len(it.Open.SK) + len(it.List.PK) + len(it.List.SK)
}

func (it *Item) check() error {
	switch {
	case it.PK == "" || it.SK == "":
		return fault.New(fault.InvalidRequest, "A stored name is empty: %q.", it.Key)
	case !it.Valid():
		return fault.New(fault.InvalidRequest, "A stored name is not text in UTF-8: %.80q.", it.Key)
	case len(it.PK) > MaxPartitionKey || len(it.SK) > MaxSortKey || len(it.Open.SK) > MaxSortKey || len(it.List.SK) > MaxSortKey:
		return fault.New(fault.TooLarge, "A name is too long to be stored: %.80s…", it.Key)
	case it.size() > MaxItem:
		return fault.New(fault.TooLarge, "%.80s would take %d bytes; at most %d fit.", it.Key, it.size(), MaxItem)
	}
	return nil
}

// Encode writes v as a row's document. Raw JSON inside keeps its meaning but
// not its white space.
func Encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("encoding %T: %w", v, err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// Decode reads a row's document.
func Decode[T any](it Item) (T, error) {
	var v T
	if err := json.Unmarshal(it.Doc, &v); err != nil {
		return v, fmt.Errorf("decoding %s as %T: %w", it.Key, v, err)
	}
	return v, nil
}

// Mark makes a row that says all by its key.
func Mark(k Key) Item { return Item{Key: k, Doc: []byte("{}")} }

// Row makes an item of v without index or expiry.
func Row(k Key, v any) (Item, error) {
	doc, err := Encode(v)
	return Item{Key: k, Doc: doc}, err
}

// DecodeConfig reads the configuration. What was written before a setting was
// there has its default.
func DecodeConfig(it Item) (broker.StrategyConfig, error) {
	c := broker.DefaultConfig()
	if err := json.Unmarshal(it.Doc, &c); err != nil {
		return c, fmt.Errorf("decoding %s: %w", it.Key, err)
	}
	return c, nil
}
