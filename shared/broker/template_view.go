package broker

// TemplateFilter narrows a list of templates. Empty fields ask for nothing.
type TemplateFilter struct {
	TemplateIDs []string       `json:"template_ids,omitempty" doc:"Only these." maxlen:"100"`
	Attributes  map[string]any `json:"attributes,omitempty" doc:"Only those that promise this: ncpus and nram (MiB) at least, others equal." maxlen:"50"`
	MachineType string         `json:"machine_type,omitempty" doc:"Only those that may be of this machine type." maxlen:"256"`
	PriceType   string         `json:"price_type,omitempty" doc:"Only those that are paid for like this." enum:"ondemand,spot,heterogeneous"`
}

// ValidationResult is what a provider says of a template.
type ValidationResult struct {
	Valid           bool     `json:"valid" doc:"Whether machines can be made from it."`
	Errors          []string `json:"errors" doc:"What would not work."`
	Warnings        []string `json:"warnings" doc:"What would be left out."`
	ValidatedFields []string `json:"validated_fields" doc:"What was looked at."`
	Estimate
}

// TemplatesResult is which templates a provider can make machines from.
type TemplatesResult struct {
	Templates []TemplateOffer `json:"templates" doc:"By id."`
	Truncated bool            `json:"truncated,omitempty" doc:"There are more; narrow the filter."`
}

// TemplateOffer is a template as it works out at one provider.
type TemplateOffer struct {
	TemplateID     string            `json:"template_id"`
	Provider       string            `json:"provider_name"`
	MaxNumber      *int              `json:"max_number,omitempty"`
	Attributes     map[string]any    `json:"attributes,omitempty"`
	MachineTypes   []string          `json:"machine_types,omitempty"`
	MachineWeights map[string]int    `json:"machine_weights,omitempty"`
	Image          string            `json:"image,omitempty"`
	Tags           map[string]string `json:"tags,omitempty"`
	PriceType      string            `json:"price_type,omitempty"`
	Warnings       []string          `json:"warnings,omitempty"`
	Estimate
}
