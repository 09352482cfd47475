package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"time"
)

// cold is how often each function is started.
const cold = 40

// coldStarts measures how long a function takes from the start of its process
// until it asks for its first event. A listener stands for Lambda, and the
// table answers at once.
func coldStarts(ctx context.Context, r *report, at map[string]string, env []string) error {
	progress("%d starts of %d functions", cold, len(at))
	p, err := openParking(ctx)
	if err != nil {
		return err
	}
	took := map[string][]time.Duration{}
	for range cold {
		for name, path := range at { // in turn, so that all meet the same weather
			d, err := p.start(ctx, path, env)
			if err != nil {
				return errors.Join(fmt.Errorf("starting %s: %w", name, err), p.server.Close())
			}
			took[name] = append(took[name], d)
		}
	}
	least := quantile(took[empty], 0.5)
	r.add("function, empty: exec to first /next, p50", ms(least), "", "")
	for _, name := range sample() {
		d := quantile(took[name], 0.5)
		r.add("function, "+name+": exec to first /next, p50", ms(d), "", times(d, least, "the empty function, "+ms(least)))
		r.add("function, "+name+": exec to first /next, p95", ms(quantile(took[name], 0.95)), "", "")
	}
	return p.closed()
}

// parking is a Runtime API that has no event for anybody.
type parking struct {
	server *http.Server
	host   string
	came   chan time.Time
	failed chan error
}

func openParking(ctx context.Context) (*parking, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listening: %w", err)
	}
	p := &parking{host: l.Addr().String(), came: make(chan time.Time, 1), failed: make(chan error, 1)}
	m := http.NewServeMux()
	m.HandleFunc("GET /2018-06-01/runtime/invocation/next", func(_ http.ResponseWriter, r *http.Request) {
		p.came <- time.Now()
		<-r.Context().Done()
	})
	p.server = &http.Server{Handler: m, ReadHeaderTimeout: time.Second}
	go func() { p.failed <- p.server.Serve(l) }()
	return p, nil
}

// start starts a function, and ends it as soon as it asks for an event.
func (p *parking) start(ctx context.Context, path string, env []string) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, path)
	cmd.Env = append([]string{"AWS_LAMBDA_RUNTIME_API=" + p.host, "AWS_LAMBDA_FUNCTION_NAME=f", "PATH=/usr/bin:/bin"}, env...)
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, err //nolint:wrapcheck // the caller says what was started
	}
	var ended error // set before gone is closed
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		ended = cmd.Wait()
	}()
	select {
	case at := <-p.came:
		cancel() // which kills it
		<-gone
		return at.Sub(began), nil
	case <-gone:
		return 0, fmt.Errorf("it ended instead of asking for an event: %w", ended)
	}
}

func (p *parking) closed() error {
	err := p.server.Close()
	if ended := <-p.failed; !errors.Is(ended, http.ErrServerClosed) {
		err = errors.Join(err, ended)
	}
	return err
}
