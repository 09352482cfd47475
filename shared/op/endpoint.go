package op

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"reflect"
	"time"

	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/wire"
)

// DefaultTimeout bounds a handler whose spec names no other.
const DefaultTimeout = 10 * time.Second

// Endpoint is an operation bound to its service: bytes in, bytes out.
type Endpoint struct {
	Spec    Spec
	In, Out reflect.Type
	// Serve decodes and checks body, runs the handler within the spec's
	// timeout with the call in its context, and encodes what it returns.
	// Errors are [*fault.Error].
	Serve func(ctx context.Context, call Call, body []byte) (Answer, error)
}

// Answer is what an operation returned.
type Answer struct {
	Status   int    // 200, or 202 for work still running
	Body     []byte // JSON
	Location string // with 202: where the result will appear
}

// Describe returns the spec.
func (e Endpoint) Describe() Spec { return e.Spec }

// Types returns the shapes of request and answer.
func (e Endpoint) Types() (in, out reflect.Type) { return e.In, e.Out }

// Bind ties an operation to the service whose method it is.
func (o Op[S, In, Out]) Bind(s S) Endpoint {
	in, out := o.Types()
	return Endpoint{Spec: o.Spec, In: in, Out: out, Serve: func(ctx context.Context, call Call, body []byte) (Answer, error) {
		return o.serve(ctx, s, call, body)
	}}
}

func (o Op[S, In, Out]) serve(ctx context.Context, s S, call Call, body []byte) (Answer, error) {
	var in In
	if err := wire.Decode(body, &in, o.Limits()); err != nil {
		return Answer{}, fault.As(err)
	}
	hash, err := BodyHash(body)
	if err != nil {
		return Answer{}, fault.As(err)
	}
	call.BodyHash, call.Operation = hash, o.Name
	ctx, cancel := context.WithTimeout(WithCall(ctx, call), o.deadline())
	defer cancel()
	out, err := o.handle(s, ctx, in)
	if err != nil {
		return Answer{}, fault.As(err)
	}
	return answer(o.Name, out)
}

func (s Spec) deadline() time.Duration {
	if s.Timeout > 0 {
		return s.Timeout
	}
	return DefaultTimeout
}

// largeList is how many items a list may have in an operation that takes
// large bodies: a scheduler asks about all its machines at once.
const largeList = 20_000

// BodyLimit is the largest body that the operation takes, in bytes.
func (s Spec) BodyLimit() int64 {
	if s.MaxBody > 0 {
		return s.MaxBody
	}
	return wire.DefaultBody
}

// Limits bounds the operation's body.
func (s Spec) Limits() wire.Limits {
	lim := wire.Limits{Body: s.MaxBody}
	if s.MaxBody > wire.DefaultBody {
		lim.List = largeList
	}
	return lim
}

// BodyHash is a SHA-256 in hex, equal for bodies that say the same.
func BodyHash(body []byte) (string, error) {
	canonical, err := wire.Canonical(body)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(canonical)
	return hex.EncodeToString(sum[:]), nil
}

func answer(name string, out any) (Answer, error) {
	body, err := encode(out)
	if err != nil {
		return Answer{}, &fault.Error{Code: fault.Internal, Err: fmt.Errorf("encoding the answer of %s: %w", name, err)}
	}
	a := Answer{Status: 200, Body: body}
	if accepted, ok := out.(Accepted); ok && accepted.Location() != "" {
		a.Status, a.Location = 202, accepted.Location()
	}
	return a, nil
}

// encode writes v as JSON that is not meant for HTML.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte{'\n'}), nil
}
