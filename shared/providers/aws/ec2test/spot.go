package ec2test

import "slices"

type spotStatusXML struct {
	Code    string `xml:"code"`
	Updated string `xml:"updateTime"`
}

type spotRequestXML struct {
	ID       string        `xml:"spotInstanceRequestId"`
	State    string        `xml:"state"`
	Status   spotStatusXML `xml:"status"`
	Instance string        `xml:"instanceId"`
}

// spotRequest is the request that a spot machine was made by: fulfilled, marked
// from its warning on, and closed when it was taken or ended.
func (c *Cloud) spotRequest(m *Machine) spotRequestXML {
	x := spotRequestXML{ID: "sir-" + m.ID[2:], State: "active", Instance: m.ID, Status: spotStatusXML{"fulfilled", stamp(m.LaunchedAt)}}
	switch {
	case m.ended(c.now()):
		x.State, x.Status = "closed", spotStatusXML{"instance-terminated-no-capacity", stamp(m.EndsAt)}
	case !m.EndsAt.IsZero():
		x.Status = spotStatusXML{"marked-for-termination", stamp(m.EndsAt.Add(-warning))}
	}
	return x
}

func (c *Cloud) describeSpotRequests(p params) (any, error) {
	if err := p.only("Filter"); err != nil {
		return nil, err
	}
	if err := c.dryRun(p); err != nil {
		return nil, err
	}
	type out struct {
		Requests []spotRequestXML `xml:"spotInstanceRequestSet>item"`
	}
	var o out
	for _, m := range c.machines {
		if m.Market != Spot {
			continue
		}
		x := c.spotRequest(m)
		ok, err := x.passes(p.each("Filter"))
		if err != nil {
			return nil, err
		}
		if ok {
			o.Requests = append(o.Requests, x)
		}
	}
	return o, nil
}

func (x *spotRequestXML) passes(filters []params) (bool, error) {
	for _, f := range filters {
		values := f.list("Value")
		if len(values) > maxFilterValues {
			return false, refuse("FilterLimitExceeded", "The maximum number of filter values specified on a single call is %d", maxFilterValues)
		}
		has, known := map[string]string{"instance-id": x.Instance, "status-code": x.Status.Code}[f["Name"]]
		if !known {
			return false, refuse("InvalidParameterValue", "The filter '%s' is invalid", f["Name"])
		}
		if !slices.Contains(values, has) {
			return false, nil
		}
	}
	return true, nil
}
