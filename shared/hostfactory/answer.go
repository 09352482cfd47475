package hostfactory

// Templates is the answer of getAvailableTemplates.
type Templates struct {
	Templates []Template `json:"templates" doc:"Those that the instance may see, by id."`
	Message   string     `json:"message" doc:"How it went."`
}

// Template is a kind of machine as a scheduler sees it.
type Template struct {
	TemplateID      string               `json:"template_id" doc:"Name of the template."`
	MaxNumber       int                  `json:"max_number" doc:"Most machines at one time; -1 is no limit."`
	AvailableNumber *int                 `json:"available_number,omitempty" doc:"How many may be asked for now, by one request."`
	Attributes      map[string]Attribute `json:"attributes" doc:"By name: the type String, Numeric or Boolean, and the value, both as text."`
	MachineTypes    []string             `json:"machine_types,omitempty" doc:"Instance types, best first."`
	PriceType       string               `json:"price_type,omitempty" doc:"How the machine is paid."`
	InstanceTags    string               `json:"instance_tags,omitempty" doc:"Tags of the machine: name=value, parted by semicolons."`
	SchedulerFields map[string]any       `json:"scheduler_fields,omitempty" doc:"What the template holds for the scheduler alone."`
}

// Requested is the answer of requestMachines and requestReturnMachines.
type Requested struct {
	Message   string `json:"message" doc:"How it went."`
	RequestID string `json:"request_id" doc:"What getRequestStatus is asked with."`
}

// Requests is the answer of getRequestStatus.
type Requests struct {
	Requests []Request `json:"requests" doc:"In the order in which they were named."`
}

// Request is how a request stands.
type Request struct {
	RequestID string    `json:"request_id" doc:"Its id."`
	Status    Status    `json:"status" doc:"running, complete or complete_with_error; the last two never change."`
	Message   string    `json:"message" doc:"Why it ended as it did; empty when there is nothing to say."`
	Machines  []Machine `json:"machines" doc:"What it got, or gives back."`
}

// Machine is one machine of a request.
type Machine struct {
	MachineID        string  `json:"machine_id" doc:"Its id; globally unique."`
	Name             string  `json:"name" doc:"Its host name."`
	Result           Result  `json:"result" doc:"executing, succeed or fail."`
	Status           string  `json:"status" doc:"Where it is in its life."`
	PrivateIPAddress string  `json:"private_ip_address" doc:"Its address."`
	PublicIPAddress  string  `json:"public_ip_address,omitempty" doc:"Its public address."`
	InstanceType     string  `json:"instance_type,omitempty" doc:"Its type at its provider."`
	PriceType        string  `json:"price_type,omitempty" doc:"How it is paid."`
	InstanceTags     string  `json:"instance_tags" doc:"Its tags: name=value, parted by semicolons."`
	CloudHostID      *string `json:"cloud_host_id" doc:"Always null; schedulers expect the name."`
	LaunchTime       int64   `json:"launchtime" doc:"When it was launched, in seconds since 1970; 0 while that is not known."`
	RCAccount        string  `json:"rc_account,omitempty" doc:"The account of LSF that it was requested for."`
	Message          string  `json:"message" doc:"Why it failed; empty when it did not."`
}

// Reclaims is the answer of getReturnRequests.
type Reclaims struct {
	Status   Status    `json:"status" doc:"complete."`
	Message  string    `json:"message" doc:"How it went."`
	Requests []Reclaim `json:"requests" doc:"What providers take back, or have lost."`
}

// Reclaim is a machine that its provider takes back, or has lost.
type Reclaim struct {
	Machine     string `json:"machine" doc:"Its host name."`
	MachineID   string `json:"machine_id" doc:"Its id."`
	GracePeriod int64  `json:"grace_period" doc:"Seconds that are left to it."`
}
