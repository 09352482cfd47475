package meter

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"

	"github.com/openhostfactory/ohfp/shared/store/schema"
)

// The actions that read or write items.
const (
	getItem       = "GetItem"
	batchGet      = "BatchGetItem"
	transactGet   = "TransactGetItems"
	query         = "Query"
	scan          = "Scan"
	putItem       = "PutItem"
	updateItem    = "UpdateItem"
	deleteItem    = "DeleteItem"
	batchWrite    = "BatchWriteItem"
	transactWrite = "TransactWriteItems"
)

// asked is what a call asks for.
type asked struct {
	action                string
	reads, writes, checks []string
	sizes                 []int            // in bytes, of the items as they are put, 0 where that is not known; of a transaction in its order
	indexed               map[string][]int // by index: sizes of the items that are put into it
	strong                bool             // a read that sees every write before it
}

// of is one item of a request.
type of struct {
	Key  item
	Item item
}

// transacted is one item of a transaction: one of these.
type transacted struct {
	Get, Put, Update, Delete, ConditionCheck *of
}

// keys is what a batch asks of one table.
type keys struct {
	Keys           []item
	ConsistentRead bool
}

// change is what a batch writes: one of these.
type change struct {
	PutRequest    *of
	DeleteRequest *of
}

// request is the part of a request that says which items it is about.
type request struct {
	of
	IndexName                 string
	KeyConditionExpression    string
	ExpressionAttributeValues item
	ConsistentRead            bool
	RequestItems              map[string]json.RawMessage
	TransactItems             []transacted
}

// ask reads a request and returns it with the wish to hear of the consumed
// capacity. A request of an action that touches no items stays as it is.
func ask(action string, body []byte) (asked, []byte, error) {
	a := asked{action: action}
	read := readers()[action]
	if read == nil {
		return a, body, nil
	}
	var in request
	if err := json.Unmarshal(body, &in); err != nil {
		return a, nil, fmt.Errorf("reading a request: %w", err)
	}
	if err := read(&a, &in); err != nil {
		return a, nil, fmt.Errorf("reading a request: %w", err)
	}
	body, err := curious(body)
	return a, body, err
}

// curious adds the wish to hear of the consumed capacity.
func curious(body []byte) ([]byte, error) {
	members := map[string]json.RawMessage{}
	if err := json.Unmarshal(body, &members); err != nil {
		return nil, fmt.Errorf("reading a request: %w", err)
	}
	if members == nil {
		return nil, fmt.Errorf("reading a request: it is null")
	}
	members["ReturnConsumedCapacity"] = json.RawMessage(`"INDEXES"`)
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(members); err != nil {
		return nil, fmt.Errorf("writing a request: %w", err)
	}
	return out.Bytes(), nil
}

// readers say of each action which items it is about.
func readers() map[string]func(*asked, *request) error {
	one := func(a *asked, in *request) error { a.write(in.of); return nil }
	return map[string]func(*asked, *request) error{
		getItem:       (*asked).get,
		query:         (*asked).queried,
		scan:          (*asked).scanned,
		batchGet:      (*asked).batchRead,
		transactGet:   (*asked).transact,
		putItem:       one,
		updateItem:    one,
		deleteItem:    one,
		batchWrite:    (*asked).batchWritten,
		transactWrite: (*asked).transact,
	}
}

func (a *asked) get(in *request) error {
	a.reads, a.strong = []string{in.Key.key()}, in.ConsistentRead
	return nil
}

// partition finds the value of the partition key in a key condition, which
// names it first as DynamoDB's own examples do.
var partition = regexp.MustCompile(`^\s*\(?\s*[#\w]+\s*=\s*(:\w+)`)

func (a *asked) queried(in *request) error {
	pk := "?"
	if m := partition.FindStringSubmatch(in.KeyConditionExpression); m != nil {
		pk = in.ExpressionAttributeValues[m[1]].text()
	}
	a.strong = in.ConsistentRead
	if in.IndexName != "" {
		a.reads = []string{"index " + in.IndexName + ": " + pk}
		return nil
	}
	a.reads = []string{pk + "/"}
	return nil
}

func (a *asked) scanned(in *request) error {
	a.reads, a.strong = []string{"*/"}, in.ConsistentRead
	return nil
}

func (a *asked) batchRead(in *request) error {
	a.strong = true
	for _, table := range slices.Sorted(maps.Keys(in.RequestItems)) {
		var k keys
		if err := json.Unmarshal(in.RequestItems[table], &k); err != nil {
			return err
		}
		a.strong = a.strong && k.ConsistentRead
		for _, one := range k.Keys {
			a.reads = append(a.reads, one.key())
		}
	}
	return nil
}

func (a *asked) batchWritten(in *request) error {
	for _, table := range slices.Sorted(maps.Keys(in.RequestItems)) {
		var changes []change
		if err := json.Unmarshal(in.RequestItems[table], &changes); err != nil {
			return err
		}
		for _, c := range changes {
			if one := first(c.PutRequest, c.DeleteRequest); one != nil {
				a.write(*one)
			}
		}
	}
	return nil
}

func (a *asked) transact(in *request) error {
	a.strong = true
	for _, t := range in.TransactItems {
		switch one := first(t.Put, t.Update, t.Delete); {
		case one != nil:
			a.write(*one)
		case t.ConditionCheck != nil:
			a.checks, a.sizes = append(a.checks, t.ConditionCheck.Key.key()), append(a.sizes, 0)
		case t.Get != nil:
			a.reads = append(a.reads, t.Get.Key.key())
		}
	}
	return nil
}

func first(all ...*of) *of {
	for _, one := range all {
		if one != nil {
			return one
		}
	}
	return nil
}

func (a *asked) write(one of) {
	where := one.Key
	if one.Item != nil {
		where = one.Item
	}
	a.writes, a.sizes = append(a.writes, where.key()), append(a.sizes, one.Item.size())
	for _, x := range schema.Table().Indexes {
		if _, in := one.Item[x.PartitionKey]; in {
			if a.indexed == nil {
				a.indexed = map[string][]int{}
			}
			a.indexed[x.Name] = append(a.indexed[x.Name], one.Item.size())
		}
	}
}

// key is where an item is, as package schema writes it.
func (i item) key() string {
	t := schema.Table()
	return schema.Key{PK: i[t.PartitionKey].text(), SK: i[t.SortKey].text()}.String()
}
