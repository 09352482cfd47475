package plan

import (
	"crypto/sha256"
	"fmt"
)

// API is the door of the broker.
type API struct {
	Name    string
	VPC     string // from which alone it is reached; "": from everywhere
	JWT     *JWT   // nil: callers sign with IAM
	LogName string
	Version string // of the document of a private API: another document has another
}

func api(c Config, n namer) API {
	return API{Name: n.whole(), VPC: c.PrivateVPC, JWT: c.JWT, LogName: "/aws/apigateway/" + n.whole()}
}

// version is of what the document says, whatever ARNs become in a deployment.
func (p Plan) version() string {
	said := text(p.Definition(func(f Function) string { return f.Name }))
	return fmt.Sprintf("%.4X", sha256.Sum256([]byte(said)))
}

// AccessLog is what is written of each request: nothing that its body holds.
func AccessLog() string {
	return text(map[string]string{
		"request_id": "$context.requestId", "time": "$context.requestTime", "route": "$context.routeKey", "status": "$context.status",
		"caller": "$context.identity.userArn", "subject": "$context.authorizer.claims.sub", "source_ip": "$context.identity.sourceIp",
		"duration_ms": "$context.responseLatency", "error": "$context.error.message", "integration_error": "$context.integrationErrorMessage",
	})
}

// Private reports whether it is a REST API inside of a VPC.
func (a API) Private() bool { return a.VPC != "" }

// Definition is the OpenAPI document of a private API: every route with its
// function, to which uri gives the address that API Gateway calls.
func (p Plan) Definition(uri func(Function) string) map[string]any {
	paths := map[string]any{}
	for _, f := range p.Functions {
		for _, r := range f.Routes {
			methods, ok := paths[r.Path].(map[string]any)
			if !ok {
				methods = map[string]any{}
				paths[r.Path] = methods
			}
			methods[methodKey(r.Method)] = map[string]any{
				"x-amazon-apigateway-auth": map[string]any{"type": "AWS_IAM"},
				"x-amazon-apigateway-integration": map[string]any{
					"type": "aws_proxy", "httpMethod": "POST", "uri": uri(f), "timeoutInMillis": int(PrivateTimeout.Milliseconds()),
				},
				"responses": map[string]any{},
			}
		}
	}
	return map[string]any{
		"openapi": "3.0.1",
		"info":    map[string]any{"title": p.API.Name, "version": "1"},
		"paths":   paths,
		"x-amazon-apigateway-policy": map[string]any{
			"Version": "2012-10-17",
			"Statement": []any{map[string]any{
				"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/*",
				"Condition": map[string]any{"StringEquals": map[string]any{"aws:SourceVpc": p.API.VPC}},
			}},
		},
	}
}

// methodKey is a method as OpenAPI writes it.
func methodKey(method string) string {
	return map[string]string{"GET": "get", "POST": "post"}[method]
}
