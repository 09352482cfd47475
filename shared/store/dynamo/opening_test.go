package dynamo_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	ddb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/uuid"

	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/store/dynamo"
	"github.com/openhostfactory/ohfp/shared/store/schema"
)

func TestOpen_refuses_what_it_cannot_use(t *testing.T) {
	c := client(t)
	for name, want := range map[string]string{
		"":                            "No DynamoDB table is named",
		"ohfp-no-such-table":          "is not there",
		ofLayout(t, schema.Version+1): "has layout 2; this broker knows layout 1",
		ofLayout(t, schema.Version-1): "has layout 0; this broker knows layout 1",
		withoutLayout(t):              "does not say its layout",
		ofOthers(t):                   "may not have been made for a broker",
	} {
		_, err := dynamo.Open(t.Context(), dynamo.Options{Table: name, Client: c})
		if !fault.Is(err, fault.StoreUnavailable) || !strings.Contains(fault.As(err).Detail, want) {
			t.Errorf("%q: want %q, got %v", name, want, err)
		}
	}
}

// ofLayout makes a table of a layout.
func ofLayout(t *testing.T, version int) string {
	t.Helper()
	name := table(t)
	if _, err := client(t).PutItem(t.Context(), &ddb.PutItemInput{TableName: awssdk.String(name), Item: dynamo.LayoutRow(version)}); err != nil {
		t.Fatal(err)
	}
	return name
}

// withoutLayout makes a broker's table that has lost a row, as by a restore of
// some of its items.
func withoutLayout(t *testing.T) string {
	t.Helper()
	name := table(t)
	open(t, dynamo.Options{Table: name})
	if _, err := client(t).DeleteItem(t.Context(), &ddb.DeleteItemInput{TableName: awssdk.String(name), Key: dynamo.LayoutKey()}); err != nil {
		t.Fatal(err)
	}
	return name
}

// ofOthers makes a table with other keys.
func ofOthers(t *testing.T) string {
	t.Helper()
	c, name := client(t), awssdk.String("ohfp-test-"+uuid.NewString())
	_, err := c.CreateTable(t.Context(), &ddb.CreateTableInput{
		TableName: name, BillingMode: types.BillingModePayPerRequest,
		KeySchema:            []types.KeySchemaElement{{AttributeName: awssdk.String("id"), KeyType: types.KeyTypeHash}},
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: awssdk.String("id"), AttributeType: types.ScalarAttributeTypeS}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := c.DeleteTable(context.Background(), &ddb.DeleteTableInput{TableName: name}); err != nil {
			t.Error(err)
		}
	})
	return *name
}

// TestCreateTable_may_be_repeated: by every process that starts, and after one
// that died in the middle.
func TestCreateTable_may_be_repeated(t *testing.T) {
	c, name := client(t), table(t) // which has no expiry yet
	for range 2 {
		if err := dynamo.CreateTable(t.Context(), c, name); err != nil {
			t.Fatal(err)
		}
	}
	d, err := c.DescribeTimeToLive(t.Context(), &ddb.DescribeTimeToLiveInput{TableName: awssdk.String(name)})
	if err != nil {
		t.Fatal(err)
	}
	if got := d.TimeToLiveDescription; got.TimeToLiveStatus != types.TimeToLiveStatusEnabled || awssdk.ToString(got.AttributeName) != "ttl" {
		t.Errorf("expiry is %s by %s", got.TimeToLiveStatus, awssdk.ToString(got.AttributeName))
	}
}

func TestOpen_makes_one_broker_whoever_is_first(t *testing.T) {
	name, ids := table(t), make(chan string, 8)
	for range cap(ids) {
		go func() {
			s, err := dynamo.Open(context.Background(), dynamo.Options{Table: name, Client: client(t)})
			if err != nil {
				ids <- err.Error()
				return
			}
			m, err := s.Meta(context.Background())
			ids <- fmt.Sprint(m.ID, err)
		}()
	}
	want := <-ids
	for range cap(ids) - 1 {
		if got := <-ids; got != want {
			t.Errorf("%s and %s", want, got)
		}
	}
}

// TestOpen_does_not_repeat_what_cannot_succeed: a mistake of an operator is told
// at once, with what he can do. It needs no DynamoDB.
func TestOpen_does_not_repeat_what_cannot_succeed(t *testing.T) {
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		w.WriteHeader(http.StatusBadRequest)
		_, _ = fmt.Fprintf(w, `{"__type":"com.amazon.coral.service#%s","message":"no"}`, strings.TrimPrefix(r.URL.Path, "/"))
	}))
	t.Cleanup(server.Close)
	at := func(path string, keys awssdk.CredentialsProvider) *ddb.Client {
		return ddb.New(ddb.Options{Region: "x", BaseEndpoint: awssdk.String(server.URL + "/" + path), Credentials: keys})
	}
	nobody := awssdk.CredentialsProviderFunc(func(context.Context) (awssdk.Credentials, error) {
		return awssdk.Credentials{}, errors.New("no role")
	})
	for name, c := range map[string]struct {
		client *ddb.Client
		want   string
		asked  int64
	}{
		"a key that AWS does not know":    {at("UnrecognizedClientException", keys()), "Check its credentials", 1},
		"a session that is over":          {at("ExpiredTokenException", keys()), "their expiry", 1},
		"a role without the right":        {at("AccessDeniedException", keys()), "rights of its role", 1},
		"a wrong secret, or clock":        {at("InvalidSignatureException", keys()), "clock", 1},
		"a table that is not there":       {at("ResourceNotFoundException", keys()), "not there", 1},
		"a table of another's":            {at("ValidationException", keys()), "its keys", 1},
		"no credentials":                  {at("", nobody), "has no AWS credentials", 0},
		"no region":                       {ddb.New(ddb.Options{Credentials: keys()}), "No AWS region", 0},
		"a throttle, which may pass":      {at("ThrottlingException", keys()), "throttled", 3},
		"a transaction that is under way": {at("TransactionInProgressException", keys()), "throttled", 3},
	} {
		asked.Store(0)
		_, err := dynamo.Open(t.Context(), dynamo.Options{Table: "t", Client: c.client, Attempts: 3})
		if !fault.Is(err, fault.StoreUnavailable) || !strings.Contains(fault.As(err).Detail, c.want) {
			t.Errorf("%s: want %q, got %v", name, c.want, err)
		}
		if got := asked.Load(); got != c.asked {
			t.Errorf("%s: want %d attempts, got %d", name, c.asked, got)
		}
	}
}

// TestCalls_end_although_the_store_does_not_answer needs no DynamoDB.
func TestCalls_end_although_the_store_does_not_answer(t *testing.T) {
	asked, over := make(chan struct{}, 100), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		asked <- struct{}{}
		<-over
	}))
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(over) })
	c := ddb.New(ddb.Options{Region: "x", BaseEndpoint: awssdk.String(server.URL), Retryer: retry.NewStandard(), Credentials: keys()})
	_, err := dynamo.Open(t.Context(), dynamo.Options{Table: "t", Client: c, AttemptTimeout: 50 * time.Millisecond, Attempts: 3})
	if !fault.Is(err, fault.StoreUnavailable) {
		t.Errorf("got %v", err)
	}
	if got := len(asked); got != 3 {
		t.Errorf("want 3 attempts, got %d", got)
	}
	_, err = dynamo.Open(t.Context(), dynamo.Options{Table: "t", Client: c, AttemptTimeout: time.Hour, CallTimeout: 50 * time.Millisecond})
	if !fault.Is(err, fault.StoreUnavailable) {
		t.Errorf("got %v", err)
	}
	if !strings.Contains(fault.As(err).Detail, "not answer in time") {
		t.Errorf("got %q", fault.As(err).Detail)
	}
}
