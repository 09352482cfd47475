package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/openhostfactory/ohfp/shared/store/schema"
)

// stub answers as DynamoDB does for a broker's table in which nothing is, and
// at once: what is measured before it is the function.
type stub struct {
	server *http.Server
	url    string
	failed chan error
}

func openStub(ctx context.Context) (*stub, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listening: %w", err)
	}
	s := &stub{server: &http.Server{Handler: http.HandlerFunc(answerEmpty), ReadHeaderTimeout: time.Second}, url: "http://" + l.Addr().String(), failed: make(chan error, 1)}
	go func() { s.failed <- s.server.Serve(l) }()
	return s, nil
}

func answerEmpty(w http.ResponseWriter, r *http.Request) {
	layout := schema.LayoutKey()
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	_, action, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	switch action {
	case "GetItem":
		_, _ = fmt.Fprintf(w, `{"Item":{"pk":{"S":%q},"sk":{"S":%q},"doc":{"S":"{\"version\":%d}"}}}`, layout.PK, layout.SK, schema.Version)
	case "Query":
		_, _ = fmt.Fprint(w, `{"Count":0,"Items":[],"ScannedCount":0}`)
	default:
		w.WriteHeader(http.StatusBadRequest)
		_, _ = fmt.Fprint(w, `{"__type":"ValidationException","message":"this table is only looked at"}`)
	}
}

func (s *stub) close() error {
	err := s.server.Close()
	if ended := <-s.failed; !errors.Is(ended, http.ErrServerClosed) {
		err = errors.Join(err, ended)
	}
	return err
}

// environment is what a function is told.
func (s *stub) environment() []string {
	return []string{
		"AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=local", "AWS_SECRET_ACCESS_KEY=local", "AWS_ENDPOINT_URL_DYNAMODB=" + s.url,
		"OHFP_TABLE=broker", "OHFP_EXECUTE_STANDARD_ARN=a", "OHFP_EXECUTE_EXPRESS_ARN=b", "OHFP_HEALTH_CHECK_ARN=c",
		`OHFP_FUNCTIONS={"attempt":{"static":"attempt-static"},"probe":{"static":"probe-static"},"settle":"settle","due":"due"}`,
	}
}
