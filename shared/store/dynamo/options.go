package dynamo

import (
	"time"

	ddb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// Options configures a store. Table and Client are needed.
type Options struct {
	Table string

	// Client reaches the table. Its retryer, and the time-out of its HTTP
	// client if that is the SDK's own, are replaced. It is given because there
	// are several ways to configure one, of very different weight.
	Client *ddb.Client

	Now func() time.Time // clock of verbs that are given no time; nil: time.Now

	OperationsKept time.Duration // after their end; 0: 35 days
	MachinesKept   time.Duration // after their end; 0: 40 days
	AuditKept      time.Duration // after the change; 0: 400 days

	AttemptTimeout time.Duration // of one HTTP request; 0: 2 s
	CallTimeout    time.Duration // of a call with its retries; 0: 8 s
	Attempts       int           // how often a call is tried; 0: 8

	SnapshotAge time.Duration // how old a snapshot may be; 0: 2 s; negative: always read
	StaleFor    time.Duration // how old when the table cannot be read; 0: 5 min; negative: never older than SnapshotAge
}

const (
	defaultAttemptTimeout = 2 * time.Second
	defaultCallTimeout    = 8 * time.Second
	defaultAttempts       = 8
	defaultSnapshotAge    = 2 * time.Second
	defaultStaleFor       = 5 * time.Minute
)

func (o Options) withDefaults() Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Attempts <= 0 {
		o.Attempts = defaultAttempts
	}
	o.AttemptTimeout = orDefault(o.AttemptTimeout, defaultAttemptTimeout)
	o.CallTimeout = orDefault(o.CallTimeout, defaultCallTimeout)
	if o.SnapshotAge == 0 {
		o.SnapshotAge = defaultSnapshotAge
	}
	if o.StaleFor == 0 {
		o.StaleFor = defaultStaleFor
	}
	return o
}

func orDefault(d, otherwise time.Duration) time.Duration {
	if d <= 0 {
		return otherwise
	}
	return d
}
