package dynamo

import (
	"errors"
	"net/http"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	ddb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/openhostfactory/ohfp/shared/ownbody"
)

// connections is how many idle ones are kept to the one host that there is.
const connections = 64

// tuned replaces a client's retryer and time-out by the store's.
func tuned(o Options) func(*ddb.Options) {
	return func(c *ddb.Options) {
		if c.Credentials != nil {
			c.Credentials = named{c.Credentials}
		}
		c.Retryer, c.RetryMaxAttempts = retryer(o.Attempts), 0
		if b, ok := c.HTTPClient.(*awshttp.BuildableClient); ok || c.HTTPClient == nil {
			if b == nil {
				b = awshttp.NewBuildableClient()
			}
			keep := func(t *http.Transport) { t.MaxIdleConnsPerHost = connections }
			c.HTTPClient = ownbody.Client{By: b.WithTimeout(o.AttemptTimeout).WithTransportOptions(keep)}
		}
	}
}

// retryer is the SDK's standard one. No bucket of tokens: attempts and
// time-outs bound a call already, and a bucket that one burst of conflicts has
// emptied would fail calls that have nothing to do with it.
func retryer(attempts int) *retry.Standard {
	return retry.NewStandard(func(r *retry.StandardOptions) {
		r.MaxAttempts = attempts
		r.Backoff = retry.BackoffDelayerFunc(backoff)
		r.RateLimiter = ratelimit.None
		r.Retryables = append(r.Retryables, retry.IsErrorRetryableFunc(passing))
	})
}

// The SDK's jitter doubles from one second up to jitterCap; DynamoDB answers
// in milliseconds, so that its delays are taken shorter by shorten: at most
// 25 ms before the second attempt, 500 ms in the end.
const (
	jitterCap = 20 * time.Second
	shorten   = 40
)

func backoff(attempt int, err error) (time.Duration, error) {
	d, err := retry.NewExponentialJitterBackoff(jitterCap).BackoffDelay(attempt, err)
	return d / shorten, err
}

// passing says that a transaction is worth another try: it met another one, or
// a throttle, and no condition failed.
func passing(err error) awssdk.Ternary {
	if _, ok := errors.AsType[*types.TransactionConflictException](err); ok {
		return awssdk.TrueTernary
	}
	c, ok := errors.AsType[*types.TransactionCanceledException](err)
	if !ok {
		return awssdk.UnknownTernary
	}
	met := false
	for _, r := range c.CancellationReasons {
		switch awssdk.ToString(r.Code) {
		case reasonNone, "":
		case reasonConflict, reasonThrottled, reasonThroughput:
			met = true
		default:
			return awssdk.FalseTernary
		}
	}
	return awssdk.BoolTernary(met)
}

// Codes of the reasons for which a transaction is cancelled
// (TransactWriteItems, "Errors").
const (
	reasonNone       = "None"
	reasonCondition  = "ConditionalCheckFailed"
	reasonConflict   = "TransactionConflict"
	reasonThrottled  = "ThrottlingError"
	reasonThroughput = "ProvisionedThroughputExceeded"
	reasonInvalid    = "ValidationError"
)
