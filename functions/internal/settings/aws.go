package settings

import "net/netip"

// AWS is what functions of AWS are told.
type AWS struct {
	Table        string
	Retention    Retention
	AddressAllow []netip.Prefix // where an endpoint_url may lead; empty: anywhere that is not refused always
}

// awsJSON is OHFP_AWS as it is written.
type awsJSON struct {
	AddressAllow []string `json:"address_allow,omitempty"`
}

// ForAWS reads the environment of a function of AWS.
func ForAWS(env Env) (AWS, error) {
	table, err := env.table()
	if err != nil {
		return AWS{}, err
	}
	a := AWS{Table: table}
	if a.Retention, err = env.retention(); err != nil {
		return AWS{}, err
	}
	text := env(awsAccounts)
	if text == "" {
		return a, nil
	}
	var given awsJSON
	if err := decode(awsAccounts, text, &given); err != nil {
		return AWS{}, err
	}
	a.AddressAllow, err = prefixes(awsAccounts, given.AddressAllow)
	return a, err
}
