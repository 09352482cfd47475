package op_test

import (
	"context"
	"errors"
	"time"

	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/op"
)

// zoo is a service with a few operations of every kind.
type zoo struct{ seen *op.Call }

type feedIn struct {
	Animal string   `json:"animal" doc:"Who eats." required:"true" format:"name"`
	Grams  int      `json:"grams" doc:"How much." min:"1" max:"5000" default:"100"`
	Foods  []string `json:"foods,omitempty" doc:"What."`
	Sick   bool     `json:"sick,omitempty" doc:"Whether it is sick."`
	Weight *float64 `json:"weight,omitempty" doc:"What it weighs."`
	Days   []int    `json:"days,omitempty" doc:"When."`
	Cage   struct {
		Number int `json:"number" doc:"Which."`
	} `json:"cage,omitzero" doc:"Where."`
	Notes map[string]any `json:"notes,omitempty" doc:"Anything."`
}

type feedOut struct {
	Fed   string `json:"fed"`
	Grams int    `json:"grams"`
	Later string `json:"-"`
}

func (o feedOut) Location() string { return o.Later }

func (z zoo) feed(ctx context.Context, in feedIn) (feedOut, error) {
	*z.seen = op.CallFrom(ctx)
	switch in.Animal {
	case "tiger":
		return feedOut{}, &fault.Error{Code: fault.Conflict, Detail: "the tiger was fed"}
	case "ghost":
		return feedOut{}, errors.New("SELECT secret FROM ghosts")
	case "sloth":
		<-ctx.Done()
		return feedOut{}, ctx.Err()
	case "whale":
		return feedOut{Fed: "whale", Later: "/v1/queries/getFeeding?id=1"}, nil
	}
	return feedOut{Fed: in.Animal + " & <co>", Grams: in.Grams}, nil
}

var feed = op.Define(op.Spec{
	Name: "feedAnimal", Kind: op.Command, Summary: "Feed an animal", Timeout: 5 * time.Second, Async: true,
	Examples: []op.Example{{Title: "A bear", Body: `{"animal":"bear"}`}},
}, zoo.feed)
