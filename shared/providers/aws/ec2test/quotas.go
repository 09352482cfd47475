package ec2test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// quotaTarget is how calls of Service Quotas are named.
const quotaTarget = "ServiceQuotasV20190624."

// quotaCodes are the quotas that the double tells, by code: those of [Cloud.Quota].
var quotaCodes = map[string]Market{"L-1216C47A": OnDemand, "L-34B43A08": Spot}

const getQuota = "GetServiceQuota"

// jsonParams reads a call of Service Quotas; false: it is none.
func jsonParams(r *http.Request) (params, bool) {
	action, ok := strings.CutPrefix(r.Header.Get("X-Amz-Target"), quotaTarget)
	if !ok {
		return nil, false
	}
	p := params{}
	if err := json.NewDecoder(r.Body).Decode(&p); err != nil {
		return nil, false
	}
	p["Action"] = action
	return p, true
}

func (c *Cloud) getServiceQuota(p params) (any, error) {
	if err := p.only("ServiceCode", "QuotaCode"); err != nil {
		return nil, err
	}
	market, known := quotaCodes[p["QuotaCode"]]
	limit, bounded := c.quota[market]
	if p["ServiceCode"] != "ec2" || !known || !bounded {
		return nil, refuse("NoSuchResourceException", "The request failed because the specified quota does not exist.")
	}
	type quota struct {
		ServiceCode string
		QuotaCode   string
		Value       float64
	}
	return map[string]quota{"Quota": {"ec2", p["QuotaCode"], float64(limit)}}, nil
}

// json is the error as Service Quotas writes it.
func (e *Error) json() []byte {
	return fmt.Appendf(nil, `{"__type": %q, "message": %q}`, e.Code, e.Message)
}

// written is an answer in the service's own way.
func written(p params, out any) []byte {
	if p["Action"] != getQuota {
		return marshal(p["Action"], p["Version"], out)
	}
	b, err := json.Marshal(out)
	if err != nil {
		panic(fmt.Sprintf("an answer cannot be written: %v", err)) // its types are in this package
	}
	return b
}
