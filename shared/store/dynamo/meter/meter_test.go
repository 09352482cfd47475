package meter_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/shared/store/dynamo/meter"
)

// answer is what an endpoint says to the one call of a case.
type answer struct {
	status int
	body   string
}

// behind starts an endpoint that gives an answer and a meter before it, and
// returns where both are. heard is what the endpoint was sent.
func behind(t *testing.T, a answer) (m *meter.Meter, url string, heard *http.Request) {
	t.Helper()
	heard = &http.Request{}
	endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		*heard = *r
		heard.Body = io.NopCloser(strings.NewReader(string(body)))
		w.Header().Set("X-Amz-Crc32", "4711")
		w.WriteHeader(a.status)
		fmt.Fprint(w, a.body)
	}))
	t.Cleanup(endpoint.Close)
	m, err := meter.New(endpoint.URL)
	if err != nil {
		t.Fatal(err)
	}
	door := httptest.NewServer(m)
	t.Cleanup(door.Close)
	return m, door.URL, heard
}

func send(t *testing.T, url, action, body string) (status int, answered string, header http.Header) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Amz-Target", "DynamoDB_20120810."+action)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	got, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(got), res.Header
}

const (
	one = `{"pk": {"S": "P"}, "sk": {"S": "1"}}`
	two = `{"pk": {"S": "P"}, "sk": {"S": "2"}}`

	listed = `{"pk": {"S": "P"}, "sk": {"S": "1"}, "list_pk": {"S": "L"}, "list_sk": {"S": "1"}}`
	units  = `"ConsumedCapacity": {"TableName": "t", "CapacityUnits": %s}`
	many   = `"ConsumedCapacity": [{"TableName": "t", "CapacityUnits": %s}, {"TableName": "u", "CapacityUnits": 1}]`
)

func used(format, n string) string { return fmt.Sprintf(format, n) }

// long is a string of n bytes.
func long(n int) string { return strings.Repeat("x", n) }

// The refused item has attributes pk, sk, doc: 2+1 + 2+1 + 3+n bytes.
func stored(n int) string {
	return `{"pk": {"S": "P"}, "sk": {"S": "1"}, "doc": {"S": "` + long(n) + `"}}`
}

func TestMeter_counts(t *testing.T) {
	for name, c := range map[string]struct {
		action, request string
		answer
		want meter.Call
	}{
		"a look-up": {
			"GetItem", `{"Key": ` + one + `, "ConsistentRead": true}`,
			answer{200, `{"Item": ` + one + `, ` + used(units, "1") + `}`},
			meter.Call{Reads: []string{"P/1"}, Found: 1, ReadUnits: 1},
		},
		"a look-up that finds nothing, as the endpoint does": {
			"GetItem", `{"Key": ` + one + `}`,
			answer{200, `{` + used(units, "0.5") + `}`},
			meter.Call{Reads: []string{"P/1"}, ReadUnits: 0.5},
		},
		"a query of a partition": {
			"Query", `{"KeyConditionExpression": "#pk = :0 AND begins_with(#sk, :1)", "ExpressionAttributeValues": {":0": {"S": "OP#1"}, ":1": {"S": "x"}}, "ConsistentRead": true}`,
			answer{200, `{"Count": 3, "Items": [{}, {}, {}], ` + used(units, "2") + `}`},
			meter.Call{Reads: []string{"OP#1/"}, Found: 3, ReadUnits: 2},
		},
		"a query of an index": {
			"Query", `{"IndexName": "open", "KeyConditionExpression": "open_pk = :0", "ExpressionAttributeValues": {":0": {"S": "OPEN#3"}}}`,
			answer{200, `{"Count": 1, ` + used(units, "0.5") + `}`},
			meter.Call{Reads: []string{"index open: OPEN#3"}, Found: 1, ReadUnits: 0.5},
		},
		"a query that finds nothing as one of the smallest item": {
			"Query", `{"KeyConditionExpression": "pk = :0", "ExpressionAttributeValues": {":0": {"S": "A"}}, "ConsistentRead": true}`,
			answer{200, `{"Count": 0, ` + used(units, "0.0") + `}`},
			meter.Call{Reads: []string{"A/"}, ReadUnits: 1},
		},
		"a query of which the key is not understood": {
			"Query", `{"KeyConditionExpression": "begins_with(sk, :1) AND pk = :0"}`,
			answer{200, `{"Count": 0, ` + used(units, "0") + `}`},
			meter.Call{Reads: []string{"?/"}, ReadUnits: 0.5},
		},
		"a scan": {
			"Scan", `{"TableName": "t"}`,
			answer{200, `{"Count": 2, ` + used(units, "0.5") + `}`},
			meter.Call{Reads: []string{"*/"}, Found: 2, ReadUnits: 0.5},
		},
		"a batch, with the keys that find nothing": {
			"BatchGetItem", `{"RequestItems": {"t": {"ConsistentRead": true, "Keys": [` + one + `, ` + two + `]}}}`,
			answer{200, `{"Responses": {"t": [` + one + `]}, "UnprocessedKeys": {}, ` + used(many, "1") + `}`},
			meter.Call{Reads: []string{"P/1", "P/2"}, Found: 1, ReadUnits: 3},
		},
		"a batch without what was left unprocessed": {
			"BatchGetItem", `{"RequestItems": {"t": {"Keys": [` + one + `, ` + two + `]}}}`,
			answer{200, `{"Responses": {"t": [` + one + `]}, "UnprocessedKeys": {"t": {"Keys": [` + two + `]}}, ` + used(units, "0.5") + `}`},
			meter.Call{Reads: []string{"P/1", "P/2"}, Found: 1, ReadUnits: 0.5},
		},
		"a transaction that reads": {
			"TransactGetItems", `{"TransactItems": [{"Get": {"Key": ` + one + `}}, {"Get": {"Key": ` + two + `}}]}`,
			answer{200, `{"Responses": [{"Item": ` + one + `}, {}], ` + used(units, "4") + `}`},
			meter.Call{Reads: []string{"P/1", "P/2"}, Found: 1, ReadUnits: 4},
		},
		"a put": {
			"PutItem", `{"Item": ` + one + `}`,
			answer{200, `{` + used(units, "3") + `}`},
			meter.Call{Writes: []string{"P/1"}, WriteUnits: 3},
		},
		"an update": {
			"UpdateItem", `{"Key": ` + one + `, "ExpressionAttributeValues": {":0": {"N": "1"}}}`,
			answer{200, `{` + used(units, "1") + `}`},
			meter.Call{Writes: []string{"P/1"}, WriteUnits: 1},
		},
		"a deletion": {
			"DeleteItem", `{"Key": ` + one + `}`,
			answer{200, `{` + used(units, "1") + `}`},
			meter.Call{Writes: []string{"P/1"}, WriteUnits: 1},
		},
		"a batch that writes": {
			"BatchWriteItem", `{"RequestItems": {"t": [{"PutRequest": {"Item": ` + one + `}}, {"DeleteRequest": {"Key": ` + two + `}}]}}`,
			answer{200, `{"UnprocessedItems": {}, ` + used(units, "2") + `}`},
			meter.Call{Writes: []string{"P/1", "P/2"}, WriteUnits: 2},
		},
		"a transaction, with its condition checks": {
			"TransactWriteItems", `{"TransactItems": [{"Put": {"Item": ` + one + `}}, {"ConditionCheck": {"Key": ` + two + `}}, {"Delete": {"Key": ` + two + `}}, {"Update": {"Key": ` + one + `}}]}`,
			answer{200, `{"ConsumedCapacity": [{"CapacityUnits": 5, "Table": {"CapacityUnits": 2}, "GlobalSecondaryIndexes": {"x": {"CapacityUnits": 3}}}]}`},
			meter.Call{Writes: []string{"P/1", "P/2", "P/1"}, Checks: []string{"P/2"}, WriteUnits: 4*2 + 3},
		},
		"a transaction of large items, one by one": {
			"TransactWriteItems", `{"TransactItems": [{"Put": {"Item": ` + stored(1016) + `}}, {"Put": {"Item": ` + one + `}}]}`,
			answer{200, `{"ConsumedCapacity": [{"CapacityUnits": 4, "Table": {"CapacityUnits": 4}}]}`},
			meter.Call{Writes: []string{"P/1", "P/1"}, WriteUnits: 2*2 + 2*1},
		},
		"a transaction of items that are listed, one by one in the index too": {
			"TransactWriteItems", `{"TransactItems": [{"Put": {"Item": ` + listed + `}}, {"Put": {"Item": ` + listed + `}}, {"Put": {"Item": ` + one + `}}]}`,
			answer{200, `{"ConsumedCapacity": [{"CapacityUnits": 10, "Table": {"CapacityUnits": 6}, "GlobalSecondaryIndexes": {"list": {"CapacityUnits": 2}, "open": {"CapacityUnits": 2}}}]}`},
			meter.Call{Writes: []string{"P/1", "P/1", "P/1"}, WriteUnits: 3*2 + 2*2 + 2},
		},
		"a transaction as the endpoint does, where that is more": {
			"TransactWriteItems", `{"TransactItems": [{"Update": {"Key": ` + one + `}}]}`,
			answer{200, `{"ConsumedCapacity": [{"CapacityUnits": 6, "Table": {"CapacityUnits": 6}}]}`},
			meter.Call{Writes: []string{"P/1"}, WriteUnits: 6},
		},
		"a refused update by the item that is stored": {
			"UpdateItem", `{"Key": ` + one + `}`,
			answer{400, `{"__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException", "Item": ` + stored(1016) + `}`},
			meter.Call{Writes: []string{"P/1"}, Refused: true, WriteUnits: 2}, // 1,025 bytes
		},
		"a refused put by the larger of both items": {
			"PutItem", `{"Item": ` + stored(2039) + `}`,
			answer{400, `{"__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException", "Item": ` + stored(10) + `}`},
			meter.Call{Writes: []string{"P/1"}, Refused: true, WriteUnits: 2}, // 2,048 bytes
		},
		"a cancelled transaction as if it had been carried out": {
			"TransactWriteItems", `{"TransactItems": [{"Put": {"Item": ` + stored(1016) + `}}, {"Update": {"Key": ` + two + `}}, {"ConditionCheck": {"Key": ` + two + `}}]}`,
			answer{400, `{"__type": "x#TransactionCanceledException", "CancellationReasons": [{"Code": "None"}, {"Code": "ConditionalCheckFailed", "Item": ` + stored(3000) + `}, {"Code": "None"}]}`},
			meter.Call{Writes: []string{"P/1", "P/2"}, Checks: []string{"P/2"}, Refused: true, WriteUnits: 2*2 + 2*3 + 2*1},
		},
		"a transaction that met another one as failed": {
			"TransactWriteItems", `{"TransactItems": [{"Put": {"Item": ` + one + `}}]}`,
			answer{400, `{"__type": "x#TransactionCanceledException", "CancellationReasons": [{"Code": "TransactionConflict"}]}`},
			meter.Call{Writes: []string{"P/1"}, Failed: true, WriteUnits: 2},
		},
		"a throttled call as failed": {
			"PutItem", `{"Item": ` + one + `}`,
			answer{400, `{"__type": "x#ProvisionedThroughputExceededException"}`},
			meter.Call{Writes: []string{"P/1"}, Failed: true},
		},
		"what touches no items": {
			"DescribeTable", `{"TableName": "t"}`, answer{200, `{"Table": {}}`}, meter.Call{},
		},
		"what touches no items and fails": {
			"DescribeTable", `not JSON`, answer{500, `nor this`}, meter.Call{Failed: true},
		},
	} {
		t.Run(name, func(t *testing.T) {
			m, url, _ := behind(t, c.answer)
			status, answered, header := send(t, url, c.action, c.request)
			if status != c.status || answered != c.body || header.Get("X-Amz-Crc32") != "4711" {
				t.Errorf("the answer was changed: %d %s %v", status, answered, header)
			}
			c.want.Action = c.action
			if diff := cmp.Diff([]meter.Call{c.want}, m.Take()); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
			if again := m.Take(); len(again) != 0 {
				t.Errorf("taken twice: %v", again)
			}
		})
	}
}

func TestMeter_asks_for_the_consumed_capacity_and_for_an_answer_that_it_can_read(t *testing.T) {
	_, url, heard := behind(t, answer{200, `{` + used(units, "1") + `}`})
	send(t, url, "PutItem", `{"Item": {"pk": {"S": "<P>"}, "sk": {"S": "1"}, "n": {"N": "12345678901234567890.5"}}, "ReturnConsumedCapacity": "NONE"}`)
	body, err := io.ReadAll(heard.Body)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"Item":{"pk":{"S":"<P>"},"sk":{"S":"1"},"n":{"N":"12345678901234567890.5"}},"ReturnConsumedCapacity":"INDEXES"}`
	if got := strings.TrimSpace(string(body)); got != want {
		t.Errorf("want %s, got %s", want, got)
	}
	if got := heard.Header.Get("Accept-Encoding"); got != "identity" {
		t.Errorf("Accept-Encoding: %q", got)
	}
}

func TestMeter_lets_nothing_pass_uncounted(t *testing.T) {
	for name, c := range map[string]struct {
		action, request string
		answer
		want int
	}{
		"a request that is not JSON":                   {"PutItem", `{`, answer{200, `{}`}, http.StatusBadRequest},
		"a request that is null":                       {"PutItem", `null`, answer{200, `{}`}, http.StatusBadRequest},
		"a batch of another shape":                     {"BatchGetItem", `{"RequestItems": {"t": []}}`, answer{200, `{}`}, http.StatusBadRequest},
		"a batch of changes of another shape":          {"BatchWriteItem", `{"RequestItems": {"t": {}}}`, answer{200, `{}`}, http.StatusBadRequest},
		"an answer that is not JSON":                   {"GetItem", `{}`, answer{200, `<html>`}, http.StatusBadGateway},
		"an answer that does not say what it consumed": {"GetItem", `{}`, answer{200, `{}`}, http.StatusBadGateway},
		"an answer that consumed less than nothing":    {"GetItem", `{}`, answer{200, `{` + used(units, "-1") + `}`}, http.StatusBadGateway},
		"an answer that consumed something else":       {"GetItem", `{}`, answer{200, `{` + used(units, `"much"`) + `}`}, http.StatusBadGateway},
		"a batch's answer of another shape":            {"BatchGetItem", `{}`, answer{200, `{"Responses": [1], ` + used(units, "1") + `}`}, http.StatusBadGateway},
	} {
		t.Run(name, func(t *testing.T) {
			m, url, _ := behind(t, c.answer)
			if status, body, _ := send(t, url, c.action, c.request); status != c.want {
				t.Errorf("want %d, got %d %s", c.want, status, body)
			}
			if calls := m.Take(); len(calls) != 0 {
				t.Errorf("counted: %v", calls)
			}
		})
	}
}

func TestNew_refuses_what_is_no_endpoint(t *testing.T) {
	for _, endpoint := range []string{"", "127.0.0.1:8000", "ftp://x", "http://", ":"} {
		if _, err := meter.New(endpoint); err == nil {
			t.Errorf("%q was taken", endpoint)
		}
	}
}

func TestSum(t *testing.T) {
	calls := []meter.Call{
		{Action: "Query", Reads: []string{"OP#1/"}, Found: 4, ReadUnits: 1.5},
		{Action: "BatchGetItem", Reads: []string{"a", "b"}, Found: 1, ReadUnits: 2},
		{Action: "PutItem", Writes: []string{"a"}, WriteUnits: 3},
		{Action: "PutItem", Writes: []string{"a"}, Refused: true, WriteUnits: 1},
		{Action: "PutItem", Writes: []string{"a"}, Failed: true},
		{Action: "TransactWriteItems", Writes: []string{"a", "b"}, Checks: []string{"c"}, WriteUnits: 6},
	}
	want := meter.Totals{Calls: 6, Refused: 1, Failed: 1, Read: 6, Written: 3, ReadUnits: 3.5, WriteUnits: 10}
	if diff := cmp.Diff(want, meter.Sum(calls)); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
	by := map[string]meter.Totals{
		"Query":              {Calls: 1, Read: 4, ReadUnits: 1.5},
		"BatchGetItem":       {Calls: 1, Read: 2, ReadUnits: 2},
		"PutItem":            {Calls: 3, Refused: 1, Failed: 1, Written: 1, WriteUnits: 4},
		"TransactWriteItems": {Calls: 1, Written: 2, WriteUnits: 6},
	}
	if diff := cmp.Diff(by, meter.ByAction(calls)); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}
