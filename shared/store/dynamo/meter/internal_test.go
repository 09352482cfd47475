package meter

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The sizes are those of the Developer Guide's rules, worked out by hand.
func TestSize(t *testing.T) {
	for name, c := range map[string]struct {
		item string
		want int
	}{
		"nothing":       {`{}`, 0},
		"a string":      {`{"pk": {"S": "äb"}}`, 2 + 3},
		"a number":      {`{"n": {"N": "12345"}}`, 1 + 4},
		"bytes":         {`{"b": {"B": "AAECAwQF"}}`, 1 + 6},
		"yes and null":  {`{"a": {"BOOL": false}, "b": {"NULL": true}}`, 1 + 1 + 1 + 1},
		"a map":         {`{"m": {"M": {"ab": {"S": "c"}, "d": {"M": {}}}}}`, 1 + 3 + 2 + (2 + 1) + (1 + 3)},
		"a list":        {`{"l": {"L": [{"S": "ab"}, {"N": "7"}]}}`, 1 + 3 + 2 + 2 + 2},
		"sets":          {`{"s": {"SS": ["a", "bc"]}, "n": {"NS": ["1", "234"]}, "b": {"BS": ["AAEC"]}}`, 1 + 3 + 1 + (2 + 3) + 1 + 3},
		"another shape": {`{"x": {"Q": "?"}}`, 1},
	} {
		var i item
		if err := json.Unmarshal([]byte(c.item), &i); err != nil {
			t.Fatal(err)
		}
		if got := i.size(); got != c.want {
			t.Errorf("%s: want %d, got %d", name, c.want, got)
		}
	}
}

func FuzzAsk(f *testing.F) {
	f.Add("PutItem", []byte(`{"Item": {"pk": {"S": "P"}, "sk": {"S": "1"}}}`))
	f.Add("Query", []byte(`{"KeyConditionExpression": "#pk = :0", "ExpressionAttributeValues": {":0": {"S": "A"}}, "ReturnConsumedCapacity": "NONE"}`))
	f.Add("BatchGetItem", []byte(`{"RequestItems": {"t": {"Keys": [{"pk": {"B": "AA=="}}]}}}`))
	f.Add("BatchWriteItem", []byte(`{"RequestItems": {"t": [{"PutRequest": {"Item": {}}}, {}]}}`))
	f.Add("TransactWriteItems", []byte(`{"TransactItems": [{"Update": {"Key": {}}}, {"ConditionCheck": {}}, {}]}`))
	f.Add("DescribeTable", []byte(`?`))
	f.Fuzz(func(t *testing.T, action string, body []byte) {
		a, out, err := ask(action, body)
		if err != nil {
			return
		}
		if readers()[action] == nil {
			if string(out) != string(body) {
				t.Fatalf("a call that touches no items was changed: %q", out)
			}
			return
		}
		if want := len(a.writes) + len(a.checks); len(a.sizes) != want {
			t.Fatalf("%d writes and checks, %d sizes", want, len(a.sizes))
		}
		var before, after map[string]any
		if json.Unmarshal(body, &before) != nil || json.Unmarshal(out, &after) != nil {
			t.Fatalf("%q became %q", body, out)
		}
		before["ReturnConsumedCapacity"] = "INDEXES"
		if diff := cmp.Diff(before, after); diff != "" {
			t.Fatalf("more than the wish was changed:\n%s", diff)
		}
	})
}

func FuzzCall(f *testing.F) {
	f.Add("GetItem", 200, []byte(`{"Item": {}, "ConsumedCapacity": {"CapacityUnits": 0.5}}`))
	f.Add("BatchGetItem", 200, []byte(`{"Responses": {"t": [{}]}, "UnprocessedKeys": {"t": {"Keys": [{}]}}, "ConsumedCapacity": []}`))
	f.Add("TransactGetItems", 200, []byte(`{"Responses": [{}], "ConsumedCapacity": [{"CapacityUnits": 2}]}`))
	f.Add("TransactWriteItems", 400, []byte(`{"__type": "x#TransactionCanceledException", "CancellationReasons": [{"Code": "ConditionalCheckFailed"}]}`))
	f.Add("PutItem", 400, []byte(`{"__type": "ConditionalCheckFailedException", "Item": {"a": {"L": [{"N": "1"}]}}}`))
	f.Add("Query", 200, []byte(`{"Count": -1, "ConsumedCapacity": {"CapacityUnits": 1e308}}`))
	f.Fuzz(func(t *testing.T, action string, status int, body []byte) {
		a := asked{action: action, reads: []string{"a", "b"}, writes: []string{"c"}, checks: []string{"d"}, sizes: []int{10, 0}}
		c, err := a.call(status, body)
		if err != nil {
			return
		}
		for _, units := range []float64{c.ReadUnits, c.WriteUnits} {
			if units < 0 || math.IsNaN(units) || math.IsInf(units, 0) {
				t.Fatalf("%g units of %q", units, body)
			}
		}
		if c.Found < 0 || (c.Refused && c.Failed) {
			t.Fatalf("%+v of %q", c, body)
		}
	})
}
