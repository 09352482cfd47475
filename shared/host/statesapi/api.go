package statesapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
)

const (
	target   = "AWSStepFunctions." // before the action, in X-Amz-Target
	media    = "application/x-amz-json-1.0"
	maxBody  = 1 << 20 // four times the largest input, which may be escaped
	unheard  = "UnknownOperationException"
	illegal  = "SerializationException"
	overlong = "RequestEntityTooLarge"
)

// action answers a request's body.
type action func(*Server, context.Context, []byte) (any, error)

// actionOf returns the action of a name; nil: it is not served.
func actionOf(name string) action {
	switch name {
	case "StartExecution":
		return decoded((*Server).startExecution)
	case "StartSyncExecution":
		return decoded((*Server).startSyncExecution)
	case "DescribeExecution":
		return decoded((*Server).describeExecution)
	case "StopExecution":
		return decoded((*Server).stopExecution)
	}
	return nil
}

func decoded[In any](do func(*Server, context.Context, In) (any, error)) action {
	return func(s *Server, ctx context.Context, body []byte) (any, error) {
		in, err := decode[In](body)
		if err != nil {
			return nil, err
		}
		return do(s, ctx, in)
	}
}

// decode reads a body. Members that are not known are left alone, as AWS does.
func decode[In any](body []byte) (in In, err error) {
	if !utf8.Valid(body) {
		return in, refused(illegal, "the body is not UTF-8")
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return in, refused(illegal, "the body cannot be read: %s", err)
	}
	return in, nil
}

// ServeHTTP answers one call.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Amzn-Requestid", uuid.NewString())
	out, err := s.serve(w, r)
	if err != nil {
		e := asService(err)
		say(w, e.status, map[string]string{"__type": e.name, "message": e.message})
		return
	}
	say(w, http.StatusOK, out)
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) (any, error) {
	name, ours := strings.CutPrefix(r.Header.Get("X-Amz-Target"), target)
	do := actionOf(name)
	if !ours || do == nil || r.Method != http.MethodPost {
		return nil, refused(unheard, "want POST, and one of the actions served here in X-Amz-Target")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if _, over := errors.AsType[*http.MaxBytesError](err); over {
		return nil, &serviceError{overlong, fmt.Sprintf("the body is larger than %d bytes", maxBody), http.StatusRequestEntityTooLarge}
	}
	if err != nil {
		return nil, refused(illegal, "the body ended before it was complete")
	}
	return do(s, r.Context(), body)
}

func say(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		panic(err) // structs of strings, numbers and times always encode
	}
	w.Header().Set("Content-Type", media)
	w.WriteHeader(status)
	_, _ = w.Write(body) // a caller who has gone needs no answer
}

func refused(name, format string, args ...any) *serviceError {
	return &serviceError{name, fmt.Sprintf(format, args...), http.StatusBadRequest}
}

// asService returns err as Step Functions would tell it.
func asService(err error) *serviceError {
	if e, ok := errors.AsType[*serviceError](err); ok {
		return e
	}
	return &serviceError{"InternalServerError", "the call was given up", http.StatusInternalServerError}
}

// date is a time as AWS JSON writes it: seconds of the epoch, with
// milliseconds.
type date time.Time

func (d date) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, float64(time.Time(d).UnixMilli())/1000, 'f', 3, 64), nil
}
