package lambdahost_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda/messages"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/host/lambdahost"
	"github.com/openhostfactory/ohfp/shared/host/telemetry"
	"github.com/openhostfactory/ohfp/shared/op"
)

const secretCause = "dial tcp 10.0.0.7:5432"

// zoo is a service whose animals misbehave in every way a handler can.
type zoo struct{}

type called struct {
	Principal string `json:"principal"`
	SourceIP  string `json:"source_ip"`
	RequestID string `json:"request_id"`
	Key       string `json:"key"`
	Async     bool   `json:"async"`
}

func callOf(ctx context.Context) called {
	c := op.CallFrom(ctx)
	return called{c.Principal, c.SourceIP, c.RequestID, c.IdempotencyKey, c.Async}
}

type feedIn struct {
	Animal string `json:"animal" doc:"Who." required:"true"`
	Grams  int    `json:"grams" doc:"How much." default:"100"`
}

type fed struct {
	Animal string `json:"animal"`
	Grams  int    `json:"grams"`
	Call   called `json:"call"`
	Hay    string `json:"hay,omitempty"`
}

func (f fed) Location() string {
	if f.Animal == "whale" {
		return "/v1/queries/getFeeding?id=1"
	}
	return ""
}

func (zoo) feed(ctx context.Context, in feedIn) (fed, error) {
	switch in.Animal {
	case "tiger":
		return fed{}, &fault.Error{Code: fault.Conflict, Detail: "the tiger was fed", RetryAfter: 1500 * time.Millisecond}
	case "ghost":
		return fed{}, errors.New(secretCause)
	case "lion":
		panic("eaten " + secretCause)
	case "sloth":
		<-ctx.Done()
		return fed{}, ctx.Err()
	case "elephant":
		return fed{Hay: string(bytes.Repeat([]byte("h"), 7<<20))}, nil
	}
	return fed{Animal: in.Animal, Grams: in.Grams, Call: callOf(ctx)}, nil
}

type listIn struct {
	Animal string `json:"animal" doc:"Who."`
	Days   []int  `json:"days,omitempty" doc:"When."`
}

type listed struct {
	Animal string `json:"animal"`
	Days   []int  `json:"days"`
	Call   called `json:"call"`
}

func (zoo) list(ctx context.Context, in listIn) (listed, error) {
	return listed{in.Animal, in.Days, callOf(ctx)}, nil
}

type stepped struct {
	Fed   string `json:"fed"`
	Grams int    `json:"grams"`
	Call  called `json:"call"`
}

func (z zoo) step(ctx context.Context, in feedIn) (stepped, error) {
	switch in.Animal {
	case "tiger":
		return stepped{}, &fault.Task{Name: "Ohfp.Capacity", Cause: "the tiger ate it all"}
	case "crow":
		return stepped{}, &fault.ProviderError{Class: fault.Capacity, Message: "nobody recorded this"}
	}
	f, err := z.feed(ctx, in)
	return stepped{f.Animal, f.Grams, f.Call}, err
}

type tickIn struct {
	EventID    string         `json:"event_id,omitempty" doc:"Id."`
	Source     string         `json:"source,omitempty" doc:"Source."`
	DetailType string         `json:"detail_type,omitempty" doc:"Type."`
	Account    string         `json:"account,omitempty" doc:"Account."`
	Region     string         `json:"region,omitempty" doc:"Region."`
	Time       string         `json:"time,omitempty" doc:"Time."`
	Resources  []string       `json:"resources,omitempty" doc:"Resources."`
	Detail     map[string]any `json:"detail,omitempty" doc:"Detail."`
}

type ticked struct {
	Seen tickIn `json:"seen"`
}

func (zoo) tick(_ context.Context, in tickIn) (ticked, error) { return ticked{in}, nil }

var (
	feed  = op.Define(op.Spec{Name: "feedAnimal", Kind: op.Command, Async: true}, zoo.feed)
	list  = op.Define(op.Spec{Name: "listAnimals", Kind: op.Query}, zoo.list)
	step  = op.Define(op.Spec{Name: "step", Kind: op.Step}, zoo.step)
	tick  = op.Define(op.Spec{Name: "tick", Kind: op.Schedule}, zoo.tick)
	typed = op.Define(op.Spec{Name: "executeProviderOperation", Kind: op.Command}, zoo.execute)
)

type executeIn struct {
	Type   string `json:"operation_type" doc:"Type."`
	Animal string `json:"animal,omitempty" doc:"Who."`
}

func (zoo) execute(_ context.Context, in executeIn) (executeIn, error) { return in, nil }

func openZoo(context.Context) (zoo, error) { return zoo{}, nil }

func fixedNow() time.Time { return time.Date(2026, 3, 10, 5, 6, 7, 0, time.UTC) }

// hosting makes a host of o and returns it with its log.
func hosting[In, Out any](o op.Op[zoo, In, Out]) (*lambdahost.Host, *bytes.Buffer) {
	return opening(o, openZoo)
}

func opening[S, In, Out any](o op.Op[S, In, Out], open func(context.Context) (S, error)) (*lambdahost.Host, *bytes.Buffer) {
	log := &bytes.Buffer{}
	return lambdahost.New(lambdahost.Config{
		Operation: o, Open: lambdahost.Binding(o, open), Now: fixedNow,
		Log: telemetry.New(log, slog.LevelDebug),
	}), log
}

// inLambda is a context as the runtime makes it.
func inLambda(t testing.TB) context.Context {
	t.Helper()
	return lambdacontext.NewContext(t.Context(), &lambdacontext.LambdaContext{AwsRequestID: "inv-1"})
}

// answer is what a function gives back to API Gateway.
type answer struct {
	StatusCode      int               `json:"statusCode"`
	Headers         map[string]string `json:"headers"`
	Body            string            `json:"body"`
	IsBase64Encoded bool              `json:"isBase64Encoded"`
}

// ask sends a request by payload format 2.0, as a caller with an IAM role.
func ask(t testing.TB, h *lambdahost.Host, method, path, body string) answer {
	t.Helper()
	return send(t, h, request(t, method, path, body))
}

func request(t testing.TB, method, path, body string) []byte {
	t.Helper()
	event, err := json.Marshal(map[string]any{
		"version": "2.0", "rawPath": path, "headers": map[string]string{"content-type": "application/json"}, "body": body,
		"requestContext": map[string]any{
			"http":       map[string]string{"method": method, "sourceIp": "203.0.113.7"},
			"authorizer": map[string]any{"iam": map[string]string{"userArn": "arn:aws:iam::123456789012:user/ops"}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return event
}

func send(t testing.TB, h *lambdahost.Host, event []byte) answer {
	t.Helper()
	out, err := h.Invoke(inLambda(t), event)
	if err != nil {
		t.Fatalf("a request failed the function: %v", err)
	}
	var a answer
	if err := json.Unmarshal(out, &a); err != nil {
		t.Fatal(err)
	}
	return a
}

// typedError is err as the runtime passes it on: by value and unwrapped.
func typedError(t testing.TB, err error) messages.InvokeResponse_Error {
	t.Helper()
	e, ok := err.(messages.InvokeResponse_Error) //nolint:errorlint // the runtime looks no further either
	if !ok {
		t.Fatalf("err = %#v, want a messages.InvokeResponse_Error by value", err)
	}
	return e
}
