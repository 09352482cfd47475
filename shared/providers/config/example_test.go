package config_test

import (
	"encoding/json"
	"fmt"

	"github.com/openhostfactory/ohfp/shared/providers/config"
)

func ExampleCheckConfig() {
	stored, _, err := config.CheckConfig("static", json.RawMessage(`{"hosts":[{"name":"node-1","address":"10.0.0.1:22"}]}`))
	fmt.Println(string(stored), err)
	_, _, err = config.CheckConfig("aws", json.RawMessage(`{"region":"us-west-2","secret_key":"…"}`))
	fmt.Println(err)
	// Output:
	// {"hosts":[{"name":"node-1","address":"10.0.0.1:22"}],"check":{"kind":"tcp","timeout_ms":1000},"lease_seconds":3600} <nil>
	// invalid_request: strategy_config.secret_key: a secret is never stored here: name a profile, role or file instead; strategy_config.secret_key: a secret is never stored here: name a profile, role or file instead
}
