package dynamo_test

import (
	"cmp"
	"context"
	"flag"
	"os"
	"sync"
	"testing"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	ddb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/google/uuid"

	"github.com/openhostfactory/ohfp/shared/store/dynamo"
)

// endpointVariable is where the SDK finds another DynamoDB than AWS's own.
const endpointVariable = "AWS_ENDPOINT_URL_DYNAMODB"

// client returns a client of the DynamoDB that the environment names. Without
// one the test is skipped: tests never reach AWS by chance.
func client(t testing.TB, options ...func(*ddb.Options)) *ddb.Client {
	t.Helper()
	endpoint := os.Getenv(endpointVariable)
	if endpoint == "" {
		t.Skip("NOT TESTED: the DynamoDB store, because " + endpointVariable + " is not set. Run `make test-dynamodb`: it starts DynamoDB Local.")
	}
	return ddb.New(ddb.Options{Region: "us-east-1", BaseEndpoint: awssdk.String(endpoint), Credentials: keys()}, options...)
}

// keys are credentials that DynamoDB Local takes as well as any.
func keys() awssdk.CredentialsProvider {
	return awssdk.CredentialsProviderFunc(func(context.Context) (awssdk.Credentials, error) {
		return awssdk.Credentials{AccessKeyID: "local", SecretAccessKey: "local"}, nil
	})
}

// table makes a table for one test.
func table(t testing.TB) string {
	t.Helper()
	c, name := client(t), "ohfp-test-"+uuid.NewString()
	if err := dynamo.CreateTableWithoutExpiry(t.Context(), c, name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := c.DeleteTable(context.Background(), &ddb.DeleteTableInput{TableName: awssdk.String(name)}); err != nil {
			t.Error(err)
		}
	})
	return name
}

// open opens a store. It is patient: on a busy machine the default time-outs
// would give up calls that the test did not mean to lose.
func open(t testing.TB, o dynamo.Options) *dynamo.Store {
	t.Helper()
	o.AttemptTimeout, o.CallTimeout = cmp.Or(o.AttemptTimeout, time.Minute), cmp.Or(o.CallTimeout, 5*time.Minute)
	if o.Client == nil {
		o.Client = client(t)
	}
	s, err := dynamo.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// tables are those of a specification, by what it calls a directory.
type tables struct {
	mu    sync.Mutex
	names map[string]string
}

func (s *tables) of(t testing.TB, dir string) string {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.names == nil {
		s.names = map[string]string{}
	}
	if s.names[dir] == "" {
		s.names[dir] = table(t)
	}
	return s.names[dir]
}

// How a specification runs on a server: it mostly waits, so that more of it
// than there are processors runs at a time; and properties, which cost a
// thousand calls each time, are tried less often than elsewhere.
const (
	atATime = "16"
	checks  = "12"
)

// TestMain takes atATime for the number of tests that run at a time, unless
// one is given.
func TestMain(m *testing.M) {
	flag.Parse()
	setUnlessGiven("test.parallel", atATime)
	os.Exit(m.Run())
}

var fewer sync.Once

// besideOthers lets a test run beside others, after those that do not, and
// from then on properties be tried less often.
func besideOthers(t *testing.T) {
	t.Helper()
	t.Parallel()
	fewer.Do(func() { setUnlessGiven("rapid.checks", checks) })
}

func setUnlessGiven(name, value string) {
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == name })
	if given {
		return
	}
	if err := flag.Set(name, value); err != nil {
		panic(err) // there is no such flag
	}
}
