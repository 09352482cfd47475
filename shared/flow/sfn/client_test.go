package sfn_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	awssfn "github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/shared/flow/sfn"
)

// hosts is an HTTP client that notes where it is sent, and goes nowhere.
type hosts struct{ seen []string }

func (h *hosts) Do(r *http.Request) (*http.Response, error) {
	h.seen = append(h.seen, r.URL.Host)
	return nil, errors.New("nowhere")
}

func TestTheHostOfASynchronousExecution(t *testing.T) {
	for name, c := range map[string]struct {
		endpoint *string
		want     []string
	}{
		"is AWS's other endpoint":            {nil, []string{"sync-states.eu-north-1.amazonaws.com"}},
		"is the endpoint that is configured": {awssdk.String("https://127.0.0.1:4566"), []string{"127.0.0.1:4566"}},
	} {
		t.Run(name, func(t *testing.T) {
			h := &hosts{}
			o := newAWS(t).options()
			o.Client = awssfn.New(awssfn.Options{Region: "eu-north-1", BaseEndpoint: c.endpoint, HTTPClient: h, Credentials: awssdk.AnonymousCredentials{}})
			f, err := sfn.New(o)
			if err != nil {
				t.Fatal(err)
			}
			if err := f.ProbeNow(t.Context(), "pool", "static"); err == nil || !strings.Contains(err.Error(), "nowhere") {
				t.Errorf("got %v", err)
			}
			if diff := cmp.Diff(c.want, h.seen); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	}
}

// environment is that of a function, and nothing of the machine's own.
func environment(t *testing.T, more map[string]string) {
	t.Helper()
	for k, v := range map[string]string{
		"AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "AWS_PROFILE": "", "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_SESSION_TOKEN": "", "AWS_ENDPOINT_URL": "",
	} {
		t.Setenv(k, v)
	}
	for k, v := range more {
		t.Setenv(k, v)
	}
}

// fromEnvironment is a client as the SDK makes it of the environment.
func fromEnvironment(t *testing.T) *awssfn.Client {
	t.Helper()
	cfg, err := config.LoadDefaultConfig(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return awssfn.NewFromConfig(cfg)
}

// The whole way over a socket, as the environment sets it up. It asks for more
// attempts, and does not get them.
func TestTheEnvironmentSaysWhereStepFunctionsIs(t *testing.T) {
	a := newAWS(t)
	server := httptest.NewServer(a)
	t.Cleanup(server.Close)
	environment(t, map[string]string{"AWS_ENDPOINT_URL_SFN": server.URL, "AWS_MAX_ATTEMPTS": "9", "AWS_RETRY_MODE": "adaptive"})
	o := a.options()
	o.Client = fromEnvironment(t)
	o.AttemptTimeout, o.StartTimeout, o.ProbeTimeout = time.Minute, time.Minute, time.Minute // of this machine's time
	f, err := sfn.New(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.ProbeNow(t.Context(), "pool", "static"); err != nil {
		t.Error(err)
	}
	a.meet(lost)
	if err := f.ProbeNow(t.Context(), "pool", "static"); err == nil {
		t.Error("a lost answer is a check")
	}
	a.meet(throttle, throttle, throttle, throttle, none)
	if err := f.StartOperation(t.Context(), mutation("op-1", "a")); err == nil {
		t.Error("it was tried more than four times")
	}
	want := []string{"StartSyncExecution", "StartSyncExecution", "StartExecution", "StartExecution", "StartExecution", "StartExecution"}
	if requests, _ := a.seen(); !cmp.Equal(want, requests) {
		t.Errorf("want -, got +:\n%s", cmp.Diff(want, requests))
	}
}

func TestThereMustBeAClient(t *testing.T) {
	if _, err := sfn.New(newAWS(t).options()); err == nil || !strings.Contains(err.Error(), "client") {
		t.Errorf("got %v", err)
	}
}

// Over a socket: an answer that does not come in time is not waited for.
func TestASlowAnswerIsLeftAtTheCallersDeadline(t *testing.T) {
	a := newAWS(t)
	server := httptest.NewServer(a)
	t.Cleanup(server.Close)
	environment(t, map[string]string{"AWS_ENDPOINT_URL_SFN": server.URL})
	o := a.options()
	o.Client = fromEnvironment(t)
	f, err := sfn.New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	a.meet(hang, hang)
	if err := f.StartOperation(ctx, mutation("op-1", "a")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	if err := f.ProbeNow(ctx, "pool", "static"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}
