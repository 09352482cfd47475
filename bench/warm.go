package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/openhostfactory/ohfp/shared/host/runtimeapi"
)

// reader is the function whose warm invocations are measured.
const reader = "list-templates"

const (
	warmCalls = 1500 // by one client, of each function
	crowd     = 16   // clients at once, and processes
	busyCalls = 8000 // by all of them, of each function
)

// aRequest is an event of API Gateway; the empty function gets it too.
const aRequest = `{"version": "2.0", "rawPath": "/v1/queries/listTemplates", "rawQueryString": "", "headers": {"accept": "application/json", "host": "api.example.com"},
	"requestContext": {"requestId": "r", "stage": "$default", "http": {"method": "GET", "path": "/v1/queries/listTemplates", "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1"},
	"authorizer": {"iam": {"userArn": "arn:aws:iam::123456789012:user/ops"}}}, "isBase64Encoded": false}`

// warm measures invocations of processes that run, and their memory. It
// returns what one of the empty function takes.
func warm(ctx context.Context, r *report, at map[string]string, env []string) (least time.Duration, err error) {
	both := []string{empty, reader}
	var list []runtimeapi.Function
	for _, name := range both {
		list = append(list, runtimeapi.Function{Name: name, Bootstrap: at[name], Env: env, Timeout: 30 * time.Second, Processes: crowd})
	}
	s, err := runtimeapi.Start(runtimeapi.Options{Functions: list, Log: slog.New(slog.DiscardHandler), Now: time.Now})
	if err != nil {
		return 0, fmt.Errorf("starting the functions: %w", err)
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	one, err := alone(ctx, s, both)
	if err != nil {
		return 0, err
	}
	least = quantile(one[empty], 0.5)
	if err := memory(r, at); err != nil {
		return 0, err
	}
	r.add("function, empty: warm, one client, p50", ms(least), "", "")
	r.add("function, empty: warm, one client, p99", ms(quantile(one[empty], 0.99)), "", "")
	p50, p99 := quantile(one[reader], 0.5), quantile(one[reader], 0.99)
	r.add("function, "+reader+": warm, one client, p50", ms(p50), "", times(p50, least, "the empty function"))
	r.add("function, "+reader+": warm, one client, p99", ms(p99), "", times(p99, quantile(one[empty], 0.99), "the empty function's"))
	return least, crowded(ctx, r, s, both)
}

// alone has one client invoke the functions in turn.
func alone(ctx context.Context, s *runtimeapi.Server, names []string) (map[string][]time.Duration, error) {
	progress("%d warm invocations of %d functions by one client", warmCalls, len(names))
	took := map[string][]time.Duration{}
	const warmUp = 20
	for i := range warmUp + warmCalls {
		for _, name := range names {
			d, err := invoke(ctx, s, name)
			if err != nil {
				return nil, err
			}
			if i >= warmUp {
				took[name] = append(took[name], d)
			}
		}
	}
	return took, nil
}

// invoke fails when the function does, or answers a request with a problem.
func invoke(ctx context.Context, s *runtimeapi.Server, name string) (time.Duration, error) {
	began := time.Now()
	out, err := s.Invoke(ctx, name, json.RawMessage(aRequest))
	took := time.Since(began)
	if err != nil {
		return 0, fmt.Errorf("invoking %s: %w", name, err)
	}
	var a struct{ StatusCode int }
	if name == empty {
		return took, nil
	}
	if err := json.Unmarshal(out, &a); err != nil || a.StatusCode != 200 {
		return 0, fmt.Errorf("%s answered %s: %w", name, out, err)
	}
	return took, nil
}

// memory adds what the one process of each function has in memory.
func memory(r *report, at map[string]string) error {
	of := map[string]int64{}
	for _, name := range []string{empty, reader} {
		pids, err := running(at[name])
		if err != nil {
			return err
		}
		if len(pids) != 1 {
			return fmt.Errorf("%d processes of %s run, want one (Linux only)", len(pids), name)
		}
		if of[name], err = residentIn(pids[0]); err != nil {
			return err
		}
	}
	r.add("function, "+reader+": memory of a warm process", mib(of[reader]), "",
		fmt.Sprintf("%.1f × the empty function, %s", float64(of[reader])/float64(of[empty]), mib(of[empty])))
	return nil
}

// crowded has many clients invoke each function, one function after the other.
func crowded(ctx context.Context, r *report, s *runtimeapi.Server, names []string) error {
	progress("%d warm invocations of each by %d clients", busyCalls, crowd)
	rates, tails := map[string]float64{}, map[string][]time.Duration{}
	for _, name := range names {
		if _, _, err := clients(ctx, s, name, 20*crowd); err != nil { // all processes are started by then
			return err
		}
		took, rate, err := clients(ctx, s, name, busyCalls)
		if err != nil {
			return err
		}
		rates[name], tails[name] = rate, took
	}
	title := fmt.Sprintf(": %d clients", crowd)
	r.add("function, empty"+title, fmt.Sprintf("%.0f/s", rates[empty]), "", "")
	r.add("function, "+reader+title, fmt.Sprintf("%.0f/s", rates[reader]), "", fmt.Sprintf("%.2f × the empty function", rates[reader]/rates[empty]))
	for _, q := range []struct {
		name string
		of   float64
	}{{"p50", 0.5}, {"p99", 0.99}} {
		is, was := quantile(tails[reader], q.of), quantile(tails[empty], q.of)
		r.add("function, "+reader+title+", "+q.name, ms(is), "", times(is, was, "the empty function, "+ms(was)))
	}
	return nil
}

// clients has many clients share so many calls.
func clients(ctx context.Context, s *runtimeapi.Server, name string, calls int) (took []time.Duration, rate float64, err error) {
	var mu sync.Mutex
	var taken atomic.Int64
	g, ctx := errgroup.WithContext(ctx)
	began := time.Now()
	for range crowd {
		g.Go(func() error {
			for taken.Add(1) <= int64(calls) {
				d, err := invoke(ctx, s, name)
				if err != nil {
					return err
				}
				mu.Lock()
				took = append(took, d)
				mu.Unlock()
			}
			return nil
		})
	}
	err = g.Wait()
	return took, float64(calls) / time.Since(began).Seconds(), err
}
