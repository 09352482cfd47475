package walk

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"time"
)

// lambdaInvoke is the one resource of the subset: call a function, wait for
// its answer.
const lambdaInvoke = "arn:aws:states:::lambda:invoke"

const (
	dataLimit    = 256 * 1024 // bytes between states
	secondsLimit = 99_999_999
)

// task calls a function.
type task struct {
	exit

	function reference
	payload  template
	timeout  timeout
	selector template
	place    placement
	retry    []retrier
	catch    []catcher
}

// timeout is fixed or taken from the input.
type timeout struct {
	fixed time.Duration
	from  path
}

func (t timeout) of(in any) (time.Duration, error) {
	if t.fixed > 0 {
		return t.fixed, nil
	}
	return seconds(t.from, in, "TimeoutSecondsPath", 1)
}

// seconds reads a whole number of seconds, at least least.
func seconds(p path, in any, field string, least int) (time.Duration, error) {
	v, err := p.get(in, field)
	if err != nil {
		return 0, err
	}
	text, _ := v.(json.Number)
	n, err := strconv.Atoi(string(text))
	if err != nil || n < least || n > secondsLimit {
		return 0, runtimeError("the path " + p.String() + " of " + field + " finds no whole number of seconds from " + strconv.Itoa(least))
	}
	return time.Duration(n) * time.Second, nil
}

func (t *task) exits() []string {
	names := t.exit.exits()
	for _, c := range t.catch {
		names = append(names, c.next)
	}
	return names
}

func (t *task) run(ctx context.Context, w *walker, in any) (any, string, error) {
	again := retries{list: t.retry}
	for {
		out, err := t.try(ctx, w, in)
		if err == nil {
			return out, string(t.exit), nil
		}
		failed, ok := errors.AsType[*TaskError](err)
		if !ok {
			return nil, "", err
		}
		delay, ok := again.next(failed)
		if !ok {
			return t.caught(failed, in)
		}
		if err := w.sleep(ctx, delay); err != nil {
			return nil, "", err
		}
	}
}

func (t *task) caught(failed *TaskError, in any) (any, string, error) {
	for i := range t.catch {
		if matches(t.catch[i].errors, failed) {
			return t.catch[i].handle(failed, in)
		}
	}
	return nil, "", failed
}

// try calls the function once and shapes its answer.
func (t *task) try(ctx context.Context, w *walker, in any) (any, error) {
	c, err := t.call(in)
	if err != nil {
		return nil, err
	}
	answer, err := w.invoke(ctx, c)
	if err != nil {
		return nil, err
	}
	result, err := t.selector.fill(map[string]any{payloadMember: answer})
	if err != nil {
		return nil, err
	}
	return t.place.put(in, result)
}

// payloadMember is what a function's answer is called in the result of
// lambdaInvoke. Its other members cannot be read in the subset.
const payloadMember = "Payload"

func (t *task) call(in any) (call, error) {
	name, err := t.function.fill(in)
	if err != nil {
		return call{}, err
	}
	function, ok := name.(string)
	if !ok || function == "" {
		return call{}, runtimeError("the path " + t.function.path.String() + " of FunctionName.$ finds no name")
	}
	limit, err := t.timeout.of(in)
	if err != nil {
		return call{}, err
	}
	payload, err := t.encoded(in)
	return call{function: function, payload: payload, timeout: limit}, err
}

func (t *task) encoded(in any) (json.RawMessage, error) {
	value, err := t.payload.fill(in)
	if err != nil {
		return nil, err
	}
	payload, err := json.Marshal(value)
	if err != nil {
		return nil, runtimeError("the payload is not JSON: " + err.Error())
	}
	if len(payload) > dataLimit {
		return nil, &TaskError{Name: StatesDataLimit, Cause: "the payload is longer than 256 KiB"}
	}
	return payload, nil
}
