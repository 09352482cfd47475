package main

import (
	"encoding/json"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/jsii-runtime-go"
)

// dashboard shows the stage from its door to its table.
func (s stage) dashboard(stack awscdk.Stack, api *string) {
	body, err := json.Marshal(s.Dashboard(*api))
	if err != nil {
		panic(err) // maps of texts and numbers always encode
	}
	awscloudwatch.NewCfnDashboard(stack, jsii.String("Dashboard"), &awscloudwatch.CfnDashboardProps{
		DashboardName: jsii.String(s.API.Name), DashboardBody: jsii.String(string(body)),
	})
}
