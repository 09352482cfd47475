package main

// bill is what so many operations cost, in US dollars.
type bill struct {
	Door      float64 `json:"api_or_schedule"`
	Functions float64 `json:"lambda"`
	Workflow  float64 `json:"step_functions"`
	Writes    float64 `json:"dynamodb_writes"`
	Reads     float64 `json:"dynamodb_reads"`
	Logs      float64 `json:"cloudwatch_logs"`
}

const million = 1e6

// cost is the bill of n operations that use u each.
func cost(u usage, p prices, n float64) bill {
	return bill{
		Door:      n / million * (u.HTTPCalls*p.HTTPCalls + u.RESTCalls*p.RESTCalls + u.Ticks*p.Ticks),
		Functions: n/million*u.Invocations*p.Invocations + n*u.GBSeconds*p.GBSecond,
		Workflow:  n/million*(u.Transitions*p.Transitions+u.Executions*p.Executions) + n*u.ExpressGBSec*p.ExpressGBSec,
		Writes:    n / million * u.WriteUnits * p.WriteUnits,
		Reads:     n / million * u.ReadUnits * p.ReadUnits,
		Logs:      n * u.LogGB * p.LogGB,
	}
}

func (b bill) total() float64 {
	return b.Door + b.Functions + b.Workflow + b.Writes + b.Reads + b.Logs
}
