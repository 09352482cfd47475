package catalog

import (
	"github.com/openhostfactory/ohfp/shared/command"
	"github.com/openhostfactory/ohfp/shared/dispatch"
	"github.com/openhostfactory/ohfp/shared/op"
	"github.com/openhostfactory/ohfp/shared/query"
)

// table has one line per operation.
func table() []row {
	return []row{
		ofCommand(command.RegisterProviderStrategy),
		ofCommand(command.DeregisterProviderStrategy),
		ofCommand(command.ConfigureProviderStrategy),
		ofCommand(command.UpdateProviderHealth),
		ofCommand(command.SelectProviderStrategy),
		ofCommand(command.ExecuteProviderOperation),
		ofCommand(command.CancelOperation),
		ofCommand(command.RegisterTemplate),
		ofCommand(command.DeleteTemplate),
		ofCommand(command.RegisterHostProvider),
		ofCommand(command.RequestMachines),
		ofCommand(command.RequestReturnMachines),
		ofCommand(command.CancelRequest),
		ofQuery(query.GetAvailableTemplates),
		ofQuery(query.GetRequestStatus),
		ofQuery(query.GetReturnRequests),
		ofQuery(query.ListRequests),
		ofQuery(query.ListAvailableProviders),
		ofQuery(query.GetProviderHealth),
		ofQuery(query.GetProviderCapabilities),
		ofQuery(query.GetProviderStrategyConfig),
		ofQuery(query.GetProviderMetrics),
		ofQuery(query.GetSweeperReport),
		ofQuery(query.ListAuditEvents),
		ofQuery(query.GetOperation),
		ofQuery(query.ListOperations),
		ofQuery(query.ListMachines),
		ofQuery(query.ListTemplates),
		ofCommand(command.Settle),
		ofCommand(command.Due),
		ofCommand(command.Reconcile),
		ofCommand(command.RecordMachineEvent),
		ofDispatch(dispatch.DiscoverAWS),
		ofDispatch(dispatch.Attempt),
		ofDispatch(dispatch.Probe),
		ofDispatch(dispatch.Sweep),
	}
}

// Services are the rooms that serve operations.
type Services struct {
	Query    query.Service
	Command  command.Service
	Dispatch dispatch.Service
}

// row is an operation with the room that serves it.
type row struct {
	op.Described
	bind func(Services) op.Endpoint
}

func ofQuery[In, Out any](o op.Op[query.Service, In, Out]) row {
	return row{o, func(s Services) op.Endpoint { return o.Bind(s.Query) }}
}

func ofCommand[In, Out any](o op.Op[command.Service, In, Out]) row {
	return row{o, func(s Services) op.Endpoint { return command.Bind(o, s.Command) }}
}

func ofDispatch[In, Out any](o op.Op[dispatch.Service, In, Out]) row {
	return row{o, func(s Services) op.Endpoint { return o.Bind(s.Dispatch) }}
}

// All returns every operation, for what is derived from them.
func All() []op.Described {
	rows := table()
	all := make([]op.Described, len(rows))
	for i, r := range rows {
		all[i] = r.Described
	}
	return all
}

// Bind returns every operation with its room behind it.
func Bind(s Services) []op.Endpoint {
	rows := table()
	all := make([]op.Endpoint, len(rows))
	for i, r := range rows {
		all[i] = r.bind(s)
	}
	return all
}
