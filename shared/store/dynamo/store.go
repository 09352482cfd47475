package dynamo

import (
	"context"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	ddb "github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/store/schema"
)

// Store is a broker's state in a table. Its methods are safe for concurrent
// use.
type Store struct {
	client   client
	table    *string
	now      func() time.Time
	kept     schema.Retention
	timeout  time.Duration
	patience time.Duration    // with a snapshot's reading when another can stand in
	pause    awssdk.RetryerV2 // how long to wait before what was left unprocessed is asked for again
	snapshot snapshotCache
	lives    liveCache
	days     markedDays
	packer   schema.Packer
	teller   teller
}

var _ broker.Store = (*Store)(nil)

// Open opens the store in a table that is there (see [CreateTable]), and makes
// the broker's identity when the table is empty. It refuses a missing table and
// one of another layout: store_unavailable with the remedy.
func Open(ctx context.Context, o Options) (*Store, error) {
	o = o.withDefaults()
	if o.Table == "" {
		return nil, fault.New(fault.StoreUnavailable, "No DynamoDB table is named.")
	}
	if o.Client == nil {
		return nil, fault.New(fault.StoreUnavailable, "No client of DynamoDB is given.")
	}
	table := ddb.New(o.Client.Options(), tuned(o))
	if table.Options().Region == "" {
		return nil, fault.New(fault.StoreUnavailable, "No AWS region is named. Set AWS_REGION, or region in the profile of AWS_PROFILE.")
	}
	s := &Store{
		client: client{table}, table: awssdk.String(o.Table), now: o.Now, timeout: o.CallTimeout,
		kept:     schema.Retention{Operations: o.OperationsKept, Machines: o.MachinesKept, Audit: o.AuditKept},
		patience: o.AttemptTimeout,
		pause:    retryer(o.Attempts),
		snapshot: snapshotCache{fresh: o.SnapshotAge, stale: max(o.StaleFor, o.SnapshotAge)},
	}
	if err := s.identify(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

// seen is what readers see now.
func (s *Store) seen() schema.View { return schema.View{Retention: s.kept, Now: s.now()} }

// Close lets go of the store. Nothing is kept that would have to be written.
func (s *Store) Close() error { return nil }
