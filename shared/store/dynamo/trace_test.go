package dynamo

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	ddb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/store/schema"
	"github.com/openhostfactory/ohfp/shared/trace"
)

// answering is a store at a DynamoDB that always says the same.
func answering(t *testing.T, status int, body string) *Store {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		w.WriteHeader(status)
		if _, err := w.Write([]byte(body)); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(server.Close)
	return &Store{
		table: awssdk.String("t"), timeout: time.Minute, now: time.Now, pause: retryer(1),
		client: client{ddb.New(ddb.Options{
			Region: "us-east-1", BaseEndpoint: awssdk.String(server.URL), RetryMaxAttempts: 1,
			Credentials: credentials.NewStaticCredentialsProvider("id", "canary-secret", ""),
		})},
	}
}

func TestEachCallOfDynamoDBIsToldWithItsItemAndOutcome(t *testing.T) {
	clock := func() time.Time { return time.Time{} }
	r := trace.New(clock, nil)
	ctx := trace.With(t.Context(), r)
	s := answering(t, 200, `{}`)
	_, _, err := read[string](ctx, s, schema.Key{PK: "TPL", SK: "web"})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.ReadKey(ctx, broker.Key{Principal: "ada", Operation: "o", Key: "canary-key"}, clock()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.ask(ctx, query{pk: "REG", limit: everything}); err != nil {
		t.Fatal(err)
	}
	if err := s.transact(ctx, "writing", []write{puttingItem(schema.Mark(schema.Key{PK: "A", SK: "B"})), deleting(schema.Key{PK: "A", SK: "C"})}); err != nil {
		t.Fatal(err)
	}
	refuses := answering(t, 400, `{"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException","message":"canary-message"}`)
	if err := refuses.put(ctx, rowOf(schema.Mark(schema.Key{PK: "A", SK: "B"})), newExpression()); err == nil {
		t.Fatal("it was not refused")
	}
	broken := answering(t, 500, `{"__type":"InternalServerError","message":"canary-message"}`)
	if _, err := broken.update(ctx, schema.Key{PK: "A", SK: "B"}, newExpression(), ""); err == nil {
		t.Fatal("it was not broken")
	}
	want := []string{
		`"call":"GetItem","duration_ms":0,"item":"TPL/web"}`,
		`"call":"GetItem","duration_ms":0,"item":"IDEM#..."}`,
		`"call":"Query","duration_ms":0,"item":"REG"}`,
		`"call":"TransactWriteItems","duration_ms":0,"items":2}`,
		`"call":"PutItem","duration_ms":0,"item":"A/B","outcome":"conflict"}`,
		`"call":"UpdateItem","duration_ms":0,"item":"A/B","outcome":"store_unavailable"}`,
	}
	var got []string
	for _, line := range r.Close() {
		_, rest, _ := strings.Cut(string(line), `"msg":"store call",`)
		got = append(got, rest)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}
