package main

// Where and when the prices were list prices. They were taken from the pages
// beside them and from guides that repeat them, dated July 2025 to March 2026:
// check them before you rely on them.
const (
	region = "us-east-1"
	asOf   = "March 2026"
)

// prices are in US dollars, without free tiers, in the first of several tiers.
type prices struct {
	HTTPCalls    float64 `json:"http_api_per_million_calls"`
	RESTCalls    float64 `json:"rest_api_per_million_calls"`
	Invocations  float64 `json:"lambda_per_million_requests"`
	GBSecond     float64 `json:"lambda_arm64_per_gb_second"`
	Transitions  float64 `json:"step_functions_standard_per_million_transitions"`
	Executions   float64 `json:"step_functions_express_per_million_requests"`
	ExpressGBSec float64 `json:"step_functions_express_per_gb_second"`
	WriteUnits   float64 `json:"dynamodb_per_million_write_request_units"`
	ReadUnits    float64 `json:"dynamodb_per_million_read_request_units"`
	Ticks        float64 `json:"eventbridge_scheduler_per_million_invocations"`
	LogGB        float64 `json:"cloudwatch_logs_per_gb_ingested"`
}

func listPrices() prices {
	return prices{
		HTTPCalls:    1.00,         // https://aws.amazon.com/api-gateway/pricing/
		RESTCalls:    3.50,         // the same page
		Invocations:  0.20,         // https://aws.amazon.com/lambda/pricing/
		GBSecond:     0.0000133334, // the same page
		Transitions:  25.00,        // https://aws.amazon.com/step-functions/pricing/
		Executions:   1.00,         // the same page
		ExpressGBSec: 0.00001667,   // the same page
		WriteUnits:   0.625,        // https://aws.amazon.com/dynamodb/pricing/on-demand/
		ReadUnits:    0.125,        // the same page
		Ticks:        1.00,         // https://aws.amazon.com/eventbridge/pricing/
		LogGB:        0.50,         // https://aws.amazon.com/cloudwatch/pricing/
	}
}
