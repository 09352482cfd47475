package dynamo_test

import (
	"context"
	"regexp"
	"runtime"
	"sync"
	"testing"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	ddb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go/middleware"

	"github.com/openhostfactory/ohfp/shared/store/schema"
)

// call is one call of DynamoDB, however often it was tried.
type call struct {
	verb   string // the method of Store that made it
	name   string // GetItem
	reads  []string
	writes []string
	weak   bool // reads what may be a little old, although it need not
}

// recorder notes every call of a client.
type recorder struct {
	mu    sync.Mutex
	calls []call
}

// on makes a client's calls be noted.
func (r *recorder) on(o *ddb.Options) {
	o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
		return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("recorder", r.note), middleware.After)
	})
}

func (r *recorder) note(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
	c := call{verb: callingVerb(), name: awsmiddleware.GetOperationName(ctx)}
	c.reads, c.writes = keysIn(in.Parameters)
	c.weak = weak(in.Parameters)
	r.mu.Lock()
	r.calls = append(r.calls, c)
	r.mu.Unlock()
	return next.HandleInitialize(ctx, in)
}

// take returns what was noted and forgets it.
func (r *recorder) take() []call {
	r.mu.Lock()
	defer r.mu.Unlock()
	calls := r.calls
	r.calls = nil
	return calls
}

var storeMethod = regexp.MustCompile(`/store/dynamo\.\(\*Store\)\.([A-Z]\w*)(?:\.func\d+)*$`)

// callingVerb is the exported method of Store on this goroutine's stack, or the
// one that has begun the goroutine; "":
// the call is not a verb's.
func callingVerb() string {
	pcs := make([]uintptr, 100)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs)])
	verb := ""
	for {
		f, more := frames.Next()
		if m := storeMethod.FindStringSubmatch(f.Function); m != nil {
			verb = m[1] // the outermost one stands last
		}
		if !more {
			return verb
		}
	}
}

func text(item map[string]types.AttributeValue, name string) string {
	if s, ok := item[name].(*types.AttributeValueMemberS); ok {
		return s.Value
	}
	return "?"
}

func keyIn(item map[string]types.AttributeValue) string {
	return schema.Key{PK: text(item, "pk"), SK: text(item, "sk")}.String()
}

// keysIn returns which items a call reads and writes, as package schema writes
// them: a query reads a partition.
func keysIn(params any) (reads, writes []string) {
	switch in := params.(type) {
	case *ddb.GetItemInput:
		reads = append(reads, keyIn(in.Key))
	case *ddb.BatchGetItemInput:
		for _, t := range in.RequestItems {
			for _, k := range t.Keys {
				reads = append(reads, keyIn(k))
			}
		}
	case *ddb.QueryInput:
		reads = append(reads, queried(in))
	case *ddb.PutItemInput:
		writes = append(writes, keyIn(in.Item))
	case *ddb.UpdateItemInput:
		writes = append(writes, keyIn(in.Key))
	case *ddb.DeleteItemInput:
		writes = append(writes, keyIn(in.Key))
	case *ddb.TransactWriteItemsInput:
		return transacted(in)
	}
	return reads, writes
}

// weak reports whether a call reads the table, which could be read strongly,
// as it may have been a moment ago.
func weak(params any) bool {
	switch in := params.(type) {
	case *ddb.GetItemInput:
		return !awssdk.ToBool(in.ConsistentRead)
	case *ddb.BatchGetItemInput:
		for _, t := range in.RequestItems {
			if !awssdk.ToBool(t.ConsistentRead) {
				return true
			}
		}
	case *ddb.QueryInput:
		return in.IndexName == nil && !awssdk.ToBool(in.ConsistentRead)
	}
	return false
}

func queried(in *ddb.QueryInput) string {
	pk := text(in.ExpressionAttributeValues, ":0")
	if in.IndexName != nil {
		return "index " + *in.IndexName + ": " + pk
	}
	return pk + "/"
}

func transacted(in *ddb.TransactWriteItemsInput) (reads, writes []string) {
	for _, t := range in.TransactItems {
		switch {
		case t.Put != nil:
			writes = append(writes, keyIn(t.Put.Item))
		case t.Update != nil:
			writes = append(writes, keyIn(t.Update.Key))
		case t.Delete != nil:
			writes = append(writes, keyIn(t.Delete.Key))
		case t.ConditionCheck != nil:
			reads = append(reads, keyIn(t.ConditionCheck.Key))
		}
	}
	return reads, writes
}

func names(calls []call) []string {
	var out []string
	for _, c := range calls {
		out = append(out, c.name)
	}
	return out
}

func TestCallingVerb_is_none_outside_a_store(t *testing.T) {
	if got := callingVerb(); got != "" {
		t.Errorf("got %q", got)
	}
}
