package lambdahost_test

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/openhostfactory/ohfp/shared/host/lambdahost"
	"github.com/openhostfactory/ohfp/shared/op"
)

type greeter struct{}

type name struct {
	Name string `json:"name" doc:"Who is greeted." required:"true"`
}

type greeting struct {
	Text string `json:"text"`
}

func (greeter) greet(_ context.Context, in name) (greeting, error) {
	return greeting{"hello " + in.Name}, nil
}

var greet = op.Define(op.Spec{Name: "greet", Kind: op.Step}, greeter.greet)

// A main calls Serve and no more; a test sends events to the host itself.
func Example() {
	h := lambdahost.New(lambdahost.Config{
		Operation: greet,
		Open:      lambdahost.Binding(greet, func(context.Context) (greeter, error) { return greeter{}, nil }),
		Log:       slog.New(slog.DiscardHandler),
		Now:       time.Now,
	})
	out, err := h.Invoke(context.Background(), []byte(`{"name":"world"}`))
	fmt.Println(string(out), err)
	// Output: {"text":"hello world"} <nil>
}
