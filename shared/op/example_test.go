package op_test

import (
	"context"
	"fmt"

	"github.com/openhostfactory/ohfp/shared/op"
)

type greetIn struct {
	Name string `json:"name" doc:"Whom." required:"true"`
}

type greetOut struct {
	Greeting string `json:"greeting"`
}

type greeter struct{ word string }

func (g greeter) greet(_ context.Context, in greetIn) (greetOut, error) {
	return greetOut{g.word + ", " + in.Name}, nil
}

func Example() {
	greet := op.Define(op.Spec{Name: "greet", Kind: op.Query, Summary: "Greet somebody"}, greeter.greet)
	endpoint := greet.Bind(greeter{"Hello"})
	answer, err := endpoint.Serve(context.Background(), op.Call{}, []byte(`{"name":"Ada"}`))
	fmt.Println(answer.Status, string(answer.Body), err)

	_, err = endpoint.Serve(context.Background(), op.Call{}, []byte(`{}`))
	status, problem := op.Problem(err, "/v1/queries/greet", "r-1")
	fmt.Println(status, string(problem))
	// Output:
	// 200 {"greeting":"Hello, Ada"} <nil>
	// 400 {"type":"https://openhostfactory.github.io/ohfp/problems/invalid_request","title":"The request is not valid","status":400,"detail":"name: required","instance":"/v1/queries/greet","code":"invalid_request","errors":[{"field":"name","message":"required"}]}
}
