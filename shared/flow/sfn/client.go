package sfn

import (
	"context"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	awssfn "github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/openhostfactory/ohfp/shared/ownbody"
)

// repeating is a client for calls that may be sent again. It is the only layer
// that retries. The SDK's bucket of tokens stays: when Step Functions is down
// for everybody, starts fail fast, and the reconciler makes up for them.
func repeating(o Options) func(*awssfn.Options) {
	return func(c *awssfn.Options) {
		c.RetryMaxAttempts = 0 // of the environment: it would wrap the retryer
		c.Retryer = retry.NewStandard(func(r *retry.StandardOptions) {
			r.MaxAttempts = o.Attempts
			r.Backoff = retry.BackoffDelayerFunc(backoff)
		})
		c.HTTPClient = within(c.HTTPClient, o.AttemptTimeout)
	}
}

// once is a client that sends every call once: StartSyncExecution knows no
// names, so that a second one is a second execution. It waits for its answer as
// long as the context does.
func once(c *awssfn.Options) {
	c.Retryer = awssdk.NopRetryer{}
	c.HTTPClient = within(c.HTTPClient, 0)
	if c.BaseEndpoint != nil {
		c.APIOptions = append(c.APIOptions, plainHost)
	}
}

// within gives the SDK's own HTTP client a time-out for each request; 0: none.
// Another client is its owner's.
func within(h awssfn.HTTPClient, timeout time.Duration) awssfn.HTTPClient {
	b, ok := h.(*awshttp.BuildableClient)
	if h == nil {
		b, ok = awshttp.NewBuildableClient(), true
	}
	if !ok {
		return h
	}
	return ownbody.Client{By: b.WithTimeout(timeout)}
}

// plainHost leaves out the prefix "sync-" that the SDK puts before the host of
// StartSyncExecution: it names another endpoint of AWS, and nothing at an
// endpoint that was configured. It is set inside of the call because the SDK
// clears such values of a context when a call begins (sfn v1.48.0).
func plainHost(s *middleware.Stack) error {
	return s.Initialize.Add(middleware.InitializeMiddlewareFunc("PlainHost",
		func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
			return next.HandleInitialize(smithyhttp.DisableEndpointHostPrefix(ctx, true), in)
		}), middleware.Before)
}

// The SDK's jitter doubles from one second; somebody waits for a start, so
// that its delays are taken shorter by shorten: at most 125 ms before the
// second attempt, 500 ms before the fourth.
const (
	jitterCap = 20 * time.Second
	shorten   = 16
)

func backoff(attempt int, err error) (time.Duration, error) {
	d, err := retry.NewExponentialJitterBackoff(jitterCap).BackoffDelay(attempt, err)
	return d / shorten, err
}
