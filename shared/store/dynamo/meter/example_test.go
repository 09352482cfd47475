package meter_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/openhostfactory/ohfp/shared/store/dynamo/meter"
)

// Clients are given the address of the meter instead of the endpoint's.
func Example() {
	endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"ConsumedCapacity": {"TableName": "ohfp", "CapacityUnits": 2}}`)
	}))
	defer endpoint.Close()
	m, err := meter.New(endpoint.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	door := httptest.NewServer(m)
	defer door.Close()

	req, err := http.NewRequest(http.MethodPost, door.URL, strings.NewReader(`{"TableName": "ohfp", "Item": {"pk": {"S": "TPL"}, "sk": {"S": "web"}}}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	req.Header.Set("X-Amz-Target", "DynamoDB_20120810.PutItem")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		fmt.Println(err)
		return
	}
	_ = res.Body.Close()
	for _, c := range m.Take() {
		fmt.Println(c.Action, c.Writes, c.WriteUnits)
	}
	// Output: PutItem [TPL/web] 2
}
