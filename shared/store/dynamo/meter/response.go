package meter

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"strings"
)

// consumed is what a call has consumed of one table and its indexes, of the
// table alone, and of each index.
type consumed struct {
	CapacityUnits          float64
	Table                  capacity
	GlobalSecondaryIndexes map[string]capacity
}

type capacity struct{ CapacityUnits float64 }

// spent is what a call has consumed of all tables.
type spent struct {
	whole, tables float64
	indexes       map[string]float64
}

// response is the part of an answer that says what was consumed and found, or
// why nothing was done.
type response struct {
	ConsumedCapacity json.RawMessage // one, or of each table
	Item             item            // what was looked up, or what refuses a write
	Count            int
	Responses        json.RawMessage // of a batch: items by table; of a transaction: a list of them
	UnprocessedKeys  map[string]keys

	Type                string `json:"__type"`
	CancellationReasons []struct {
		Code string
		Item item
	}
}

// call counts a call by its answer.
func (a asked) call(status int, body []byte) (Call, error) {
	c := Call{Action: a.action, Reads: a.reads, Writes: a.writes, Checks: a.checks}
	if readers()[a.action] == nil {
		c.Failed = status != http.StatusOK
		return c, nil
	}
	var r response
	if err := json.Unmarshal(body, &r); err != nil {
		return c, fmt.Errorf("reading an answer: %w", err)
	}
	if status != http.StatusOK {
		a.refused(&c, &r)
		return c, nil
	}
	units, err := r.units()
	if err != nil {
		return c, err
	}
	if a.writing() {
		c.WriteUnits = units.whole + a.short(units)
		return c, nil
	}
	if c.Found, err = a.found(&r); err != nil {
		return c, err
	}
	c.ReadUnits = units.whole + a.unseen(&r, c.Found, units.whole)
	return c, nil
}

func (a asked) writing() bool {
	switch a.action {
	case putItem, updateItem, deleteItem, batchWrite, transactWrite:
		return true
	}
	return false
}

// units adds up what was consumed of all tables.
func (r *response) units() (s spent, err error) {
	if len(r.ConsumedCapacity) == 0 {
		return s, fmt.Errorf("reading an answer: the endpoint does not say what was consumed")
	}
	var all []consumed
	if err := json.Unmarshal(r.ConsumedCapacity, &all); err != nil {
		var one consumed
		if err := json.Unmarshal(r.ConsumedCapacity, &one); err != nil {
			return s, fmt.Errorf("reading the consumed capacity: %w", err)
		}
		all = append(all, one)
	}
	s.indexes = map[string]float64{}
	for _, c := range all {
		if c.CapacityUnits < 0 || c.Table.CapacityUnits < 0 {
			return s, fmt.Errorf("reading the consumed capacity: it is %g, %g of it the table's", c.CapacityUnits, c.Table.CapacityUnits)
		}
		s.whole += c.CapacityUnits
		s.tables += c.Table.CapacityUnits
		for name, x := range c.GlobalSecondaryIndexes {
			s.indexes[name] += max(x.CapacityUnits, 0)
		}
	}
	if math.IsInf(s.whole+s.tables, 0) {
		return s, fmt.Errorf("reading the consumed capacity: it is without bound")
	}
	return s, nil
}

// short is what DynamoDB Local leaves out of a transaction's units: it adds
// the items up before it rounds, of the table and of each index, and leaves
// condition checks out.
func (a asked) short(s spent) float64 {
	if a.action != transactWrite {
		return 0
	}
	n := max(0, prepared(a.sizes)-s.tables)
	for name, sizes := range a.indexed {
		n += max(0, prepared(sizes)-s.indexes[name])
	}
	return n
}

// prepared is the units of items of so many bytes in a transaction.
func prepared(sizes []int) (units float64) {
	for _, size := range sizes {
		units += transaction * written(size)
	}
	return units
}

// found is how many items a read returned.
func (a asked) found(r *response) (int, error) {
	switch {
	case a.action == query || a.action == scan:
		return max(r.Count, 0), nil
	case a.action == getItem && r.Item != nil:
		return 1, nil
	case a.action == getItem, len(r.Responses) == 0:
		return 0, nil
	case a.action == transactGet:
		var all []of
		err := json.Unmarshal(r.Responses, &all)
		n := 0
		for _, one := range all {
			if one.Item != nil {
				n++
			}
		}
		return n, err
	}
	var tables map[string][]json.RawMessage
	err := json.Unmarshal(r.Responses, &tables)
	n := 0
	for _, items := range tables {
		n += len(items)
	}
	return n, err
}

// unseen is what AWS bills of a read beside the units that DynamoDB Local
// reports: for every key that finds nothing, and for a query that finds
// nothing, as much as for the smallest item.
func (a asked) unseen(r *response, found int, units float64) float64 {
	smallest := 0.5
	if a.strong {
		smallest = 1
	}
	switch {
	case (a.action == query || a.action == scan) && units == 0:
		return smallest
	case a.action == batchGet:
		missing := len(a.reads) - found
		for _, left := range r.UnprocessedKeys {
			missing -= len(left.Keys)
		}
		return smallest * float64(max(missing, 0))
	}
	return 0
}

// transaction is how many times as much a write costs in a transaction: it is
// prepared and committed.
const transaction = 2

// refused counts a call that changed nothing. A write that its condition
// refuses, or a transaction that is cancelled, costs what it would have.
func (a asked) refused(c *Call, r *response) {
	_, name, found := strings.Cut(r.Type, "#")
	if !found {
		name = r.Type
	}
	switch {
	case name == "ConditionalCheckFailedException" && len(a.sizes) == 1:
		c.Refused, c.WriteUnits = true, written(max(a.sizes[0], r.Item.size()))
	case name == "TransactionCanceledException" && a.action == transactWrite:
		a.cancelled(c, r)
	default:
		c.Failed = true
	}
}

func (a asked) cancelled(c *Call, r *response) {
	for i, size := range a.sizes {
		if i < len(r.CancellationReasons) {
			why := r.CancellationReasons[i]
			size = max(size, why.Item.size())
			c.Refused = c.Refused || why.Code == "ConditionalCheckFailed"
		}
		c.WriteUnits += transaction * written(size)
	}
	c.Failed = !c.Refused
}

// written is the units of a write of so many bytes.
func written(bytes int) float64 {
	const unit = 1 << 10
	return float64(max(1, (bytes+unit-1)/unit))
}
