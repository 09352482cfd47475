package dynamo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
)

const throttled = "The store is throttled: more is asked of the table than it gives at once. Try again in a moment."

const refusedRights = "The broker may not use its table. Check its credentials, their expiry, and the rights of its role."

// remedies says what to do about the failures that an operator can end, by
// DynamoDB's error codes.
var remedies = map[string]string{
	"ResourceNotFoundException":              "The table is not there, or lacks an index. Check its name, the region and the account.",
	"AccessDeniedException":                  refusedRights,
	"UnrecognizedClientException":            refusedRights,
	"MissingAuthenticationTokenException":    refusedRights,
	"IncompleteSignatureException":           refusedRights,
	"InvalidSignatureException":              "The table refuses the broker's signature. Check its credentials and the clock of its machine.",
	"ExpiredTokenException":                  refusedRights,
	"AccessDenied":                           refusedRights, // these are of the service that gives credentials
	"ExpiredToken":                           refusedRights,
	"InvalidClientTokenId":                   refusedRights,
	"SignatureDoesNotMatch":                  refusedRights,
	"ValidationException":                    "The table does not take the broker's requests: it may not have been made for a broker. Check its name, its keys and its indexes.",
	"ProvisionedThroughputExceededException": throttled,
	"RequestLimitExceeded":                   throttled,
	"ThrottlingException":                    throttled,
	"LimitExceededException":                 throttled,
	"TransactionInProgressException":         throttled, // the same one, sent before, is still under way
}

// credentialsError is a failure to get credentials, before anything was sent.
type credentialsError struct{ error }

func (e credentialsError) Unwrap() error { return e.error }

// named makes the failures of a source of credentials known as such.
type named struct{ awssdk.CredentialsProvider }

// Retrieve implements [awssdk.CredentialsProvider].
func (n named) Retrieve(ctx context.Context) (awssdk.Credentials, error) {
	c, err := n.CredentialsProvider.Retrieve(ctx)
	if err != nil && ctx.Err() == nil {
		err = credentialsError{err}
	}
	return c, err //nolint:wrapcheck // it is, where it matters
}

const noCredentials = "The broker has no AWS credentials. Check AWS_PROFILE, the files that it names, and the role of the machine or function."

// comeAgain is when a throttled caller may try again.
const comeAgain = time.Second

// unavailable makes a store_unavailable of what went wrong while doing. A
// [fault.Error] and a *broker.Conflict stay what they are.
func (s *Store) unavailable(doing string, err error) error { return unavailable(*s.table, doing, err) }

func unavailable(table, doing string, err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*broker.Conflict](err); ok {
		return err
	}
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return f
	}
	f := &fault.Error{Code: fault.StoreUnavailable, Err: fmt.Errorf("%s in table %q: %w", doing, table, err)}
	if tooLarge(err) {
		f.Code = fault.TooLarge
		f.Detail = fmt.Sprintf("What %s would store does not fit into one item, or one transaction, of the table.", doing)
		return f
	}
	if f.Detail = remedy(err); f.Detail == throttled {
		f.RetryAfter = comeAgain
	}
	return f
}

func remedy(err error) string {
	if _, ok := errors.AsType[credentialsError](err); ok {
		return noCredentials
	}
	if a, ok := errors.AsType[smithy.APIError](err); ok {
		if text, ok := remedies[a.ErrorCode()]; ok {
			return text
		}
	}
	if c, ok := errors.AsType[*types.TransactionCanceledException](err); ok && passing(c) == awssdk.TrueTernary {
		return throttled
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return "The store did not answer in time. Whether a change was stored is not known: read before you repeat it."
	}
	return "The store failed or cannot be reached; the log has the reason."
}

// tooLarge recognises the one complaint about content that package schema's
// own check cannot foresee: a row that grows by an update of a part of it.
func tooLarge(err error) bool {
	if c, ok := errors.AsType[*types.TransactionCanceledException](err); ok {
		return slices.ContainsFunc(c.CancellationReasons, func(r types.CancellationReason) bool {
			return awssdk.ToString(r.Code) == reasonInvalid && aboutSize(awssdk.ToString(r.Message))
		})
	}
	a, ok := errors.AsType[smithy.APIError](err)
	return ok && a.ErrorCode() == "ValidationException" && aboutSize(a.ErrorMessage())
}

func aboutSize(message string) bool { return strings.Contains(strings.ToLower(message), "size") }

func notFound(what, name string) error {
	return fault.New(fault.NotFound, "There is no %s %q.", what, name)
}

func conflict(current any, format string, args ...any) *broker.Conflict {
	return &broker.Conflict{What: fmt.Sprintf(format, args...), Current: current}
}
