package walk

import "context"

// exit is where a state leads; "" ends the walk with its output.
type exit string

func (e exit) exits() []string { return []string{string(e)} }

// pass puts a fixed result in the input's place.
type pass struct {
	exit

	result any
}

func (p *pass) run(context.Context, *walker, any) (any, string, error) {
	return p.result, string(p.exit), nil
}

// wait lets time pass.
type wait struct {
	exit

	seconds path
}

func (s *wait) run(ctx context.Context, w *walker, in any) (any, string, error) {
	pause, err := seconds(s.seconds, in, "SecondsPath", 0)
	if err != nil {
		return nil, "", err
	}
	return in, string(s.exit), w.sleep(ctx, pause)
}

// succeed ends the execution with a part of its input.
type succeed struct {
	exit // always ""

	output path
}

func (s *succeed) run(_ context.Context, _ *walker, in any) (any, string, error) {
	out, err := s.output.get(in, "OutputPath")
	return out, "", err
}

// fail ends the execution with an error.
type fail struct {
	exit // always ""

	err TaskError
}

func (s *fail) run(context.Context, *walker, any) (any, string, error) {
	e := s.err
	return nil, "", &e
}
