package broker

import (
	"encoding/json"
	"time"
)

// RegistrationView is a registration as the API shows it: what was registered,
// with its defaults, in the words of registerProviderStrategy.
type RegistrationView struct {
	StrategyName        string            `json:"strategy_name" doc:"Name of the provider."`
	ProviderType        string            `json:"provider_type" doc:"Kind of provider."`
	StrategyConfig      json.RawMessage   `json:"strategy_config" doc:"By the schema of the kind; never a secret."`
	Capabilities        map[string]any    `json:"capabilities,omitempty" doc:"What it offers."`
	Priority            int               `json:"priority" doc:"Lower is preferred."`
	Weight              int               `json:"weight" doc:"Share of the work among equals; 0 is no new work."`
	Enabled             bool              `json:"enabled" doc:"Whether it gets new work."`
	Zone                string            `json:"zone,omitempty" doc:"Where it is."`
	PricePerHour        *float64          `json:"price_per_hour,omitempty" doc:"Price of a machine per hour."`
	HealthCheckInterval int               `json:"health_check_interval" doc:"Seconds between checks; 0 is the broker's setting."`
	Tags                map[string]string `json:"tags,omitempty" doc:"Labels."`
	MaxMachines         *int              `json:"max_machines,omitempty" doc:"Most machines at a time; absent: no limit."`
	Draining            bool              `json:"draining,omitempty" doc:"It is being taken out; registering it again ends that."`
}

// Shown returns r as the API shows it.
func (r *Registration) Shown() RegistrationView {
	return RegistrationView{
		StrategyName: r.Name, ProviderType: r.Kind, StrategyConfig: r.Config, Capabilities: r.Capabilities,
		Priority: r.Priority, Weight: r.Weight, Enabled: r.Enabled, Zone: r.Zone, PricePerHour: r.PricePerHour,
		HealthCheckInterval: int(r.HealthCheckInterval / time.Second), Tags: r.Tags, MaxMachines: r.MaxMachines, Draining: r.Draining,
	}
}
