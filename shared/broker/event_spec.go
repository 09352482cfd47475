package broker

import "slices"

// EventSpec says what a type of event is, and which fields it has beside id,
// type and time.
type EventSpec struct {
	Type     EventType
	Summary  string
	Always   []string // by their names on the wire
	Possibly []string
}

// EventSpecs lists every type.
func EventSpecs() []EventSpec {
	return slices.Concat(registryEvents(), breakerEvents(), ledgerEvents())
}

func registryEvents() []EventSpec {
	return []EventSpec{
		{
			Type: EventProviderRegistered, Summary: "A provider was registered, or its registration was changed.",
			Always: []string{"provider_name", "provider_type", "status", "version", "enabled", "draining"},
		},
		{
			Type: EventProviderDeregistered, Summary: "A provider was removed.",
			Always: []string{"provider_name", "version"},
		},
		{
			Type: EventStrategyConfigured, Summary: "The configuration was changed.",
			Always: []string{"version", "mode", "default_selection_policy", "circuit_breaker_enabled"},
		},
		{
			Type: EventProviderHealthChanged, Summary: "A provider is in another state of health.",
			Always: []string{"provider_name", "health_status", "previous_health_status", "reported"},
		},
	}
}

func breakerEvents() []EventSpec {
	return []EventSpec{
		{
			Type: EventCircuitOpened, Summary: "A circuit breaker holds the calls of a provider back.",
			Always:   []string{"provider_name", "breaker_class", "state", "previous_state", "epoch"},
			Possibly: []string{"open_until", "reason"},
		},
		{
			Type: EventCircuitHalfOpen, Summary: "A circuit breaker lets a probe through.",
			Always:   []string{"provider_name", "breaker_class", "state", "previous_state"},
			Possibly: []string{"epoch"},
		},
		{
			Type: EventCircuitClosed, Summary: "A circuit breaker lets all calls through again.",
			Always: []string{"provider_name", "breaker_class", "state", "previous_state", "epoch"},
		},
	}
}

func ledgerEvents() []EventSpec {
	return []EventSpec{
		{
			Type: EventOperationExecuted, Summary: "An operation has ended. One that only reads tells it when it did not succeed.",
			Always:   []string{"operation_id", "operation_type", "status", "duration_ms"},
			Possibly: []string{"wanted", "provider_name", "template_id", "code"},
		},
		{
			Type: EventOperationCancelled, Summary: "An operation is wanted no more. What was sent for it may still be finished.",
			Always: []string{"operation_id", "operation_type"},
		},
		{
			Type: EventFailoverOccurred, Summary: "What one provider did not do, another is asked for.",
			Always:   []string{"operation_id", "operation_type", "attempt", "provider_name", "previous_provider_name"},
			Possibly: []string{"error_class"},
		},
		{
			Type: EventMachineLost, Summary: "A machine is gone although nobody returned it.",
			Always:   []string{"machine_id", "provider_name"},
			Possibly: []string{"operation_id"},
		},
	}
}
