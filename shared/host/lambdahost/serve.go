package lambdahost

import (
	"context"
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/openhostfactory/ohfp/shared/host/telemetry"
	"github.com/openhostfactory/ohfp/shared/op"
)

// Serve serves o until the process ends; open makes the service behind it.
// See [ServeEndpoint].
func Serve[S, In, Out any](o op.Op[S, In, Out], open func(context.Context) (S, error)) {
	ServeEndpoint(o, Binding(o, open))
}

// Binding ties an operation to a service that is not open yet.
func Binding[S, In, Out any](o op.Op[S, In, Out], open func(context.Context) (S, error)) func(context.Context) (op.Endpoint, error) {
	return func(ctx context.Context) (op.Endpoint, error) {
		s, err := open(ctx)
		if err != nil {
			return op.Endpoint{}, err
		}
		return o.Bind(s), nil
	}
}

// ServeEndpoint serves the operation d until the process ends. It is for
// operations that something is wrapped around; open returns the whole.
//
// open is called before the first invocation, while Lambda lends the function
// a whole processor. When it fails, each invocation calls it again and answers
// with its error until it succeeds. The context that open is given is not the
// service's: it ends when open has returned. It logs to [slog.Default], which is set
// here to write what Lambda's log controls ask for.
func ServeEndpoint(d op.Described, open func(context.Context) (op.Endpoint, error)) {
	log := telemetry.Lambda(os.Stderr, os.Getenv) //nolint:forbidigo // the edge of a function
	slog.SetDefault(log)
	slog.SetLogLoggerLevel(slog.LevelDebug) // the runtime's own lines repeat what is logged here
	h := New(Config{
		Operation: d, Open: open, Log: log, Now: time.Now,
		Debug:   debuggers(os.Getenv(DebugVariable)),                     //nolint:forbidigo // the edge of a function
		Metrics: telemetry.LambdaMetrics(os.Stdout, os.Getenv, time.Now), //nolint:forbidigo // the edge of a function
	})
	h.Warm(context.Background())
	lambda.Start(h)
}
