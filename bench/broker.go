package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/openhostfactory/ohfp/examples/site"
)

// target is a broker under measurement, spoken to over HTTP as ohfp does, with
// kept connections: what is measured is the broker, not the start of clients.
type target struct {
	broker *site.Broker
	token  string
	http   *http.Client
}

// openTarget starts the broker b of the directory bin, which knows its own
// empty directory.
func openTarget(ctx context.Context, bin string, b *site.Broker, workers int) (*target, error) {
	ohfpd, err := filepath.Abs(filepath.Join(bin, "ohfpd"))
	if err != nil {
		return nil, fmt.Errorf("finding ohfpd: %w", err)
	}
	b.Path, b.Listen = ohfpd, "127.0.0.1:0"
	if _, err := b.Start(ctx); err != nil {
		return nil, fmt.Errorf("%w\n%s", err, b.Log(20))
	}
	token, err := os.ReadFile(b.TokenFile())
	if err != nil {
		return nil, fmt.Errorf("reading the token: %w", err)
	}
	return &target{
		broker: b,
		token:  strings.TrimSpace(string(token)),
		http:   &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: workers}},
	}, nil
}

// call sends one operation, or nothing to a plain path, and decodes the answer
// into v unless that is nil. Another status than 200 is an error.
func (t *target) call(ctx context.Context, path string, body, v any) error {
	method, payload := http.MethodGet, []byte(nil)
	if body != nil {
		var err error
		if payload, err = json.Marshal(body); err != nil {
			return fmt.Errorf("writing a request: %w", err)
		}
		method = http.MethodPost
	}
	req, err := http.NewRequestWithContext(ctx, method, t.broker.Endpoint()+path, bytes.NewReader(payload))
	if err != nil {
		return fmt.Errorf("making a request: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+t.token)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := t.http.Do(req)
	if err != nil {
		return fmt.Errorf("calling %s: %w", path, err)
	}
	answer, err := io.ReadAll(resp.Body)
	if closed := resp.Body.Close(); err == nil {
		err = closed
	}
	return decode(path, resp.StatusCode, answer, err, v)
}

func decode(path string, status int, answer []byte, err error, v any) error {
	if err != nil {
		return fmt.Errorf("reading the answer of %s: %w", path, err)
	}
	if status != http.StatusOK {
		return fmt.Errorf("%s answered %d: %s", path, status, answer)
	}
	if v == nil {
		return nil
	}
	if err := json.Unmarshal(answer, v); err != nil {
		return fmt.Errorf("reading the answer of %s: %w", path, err)
	}
	return nil
}

type object = map[string]any

// The pools: one of an ordinary size, and one as large as a registration may
// hold inline.
const (
	pool, poolHosts   = "pool", 40
	large, largeHosts = "large", 400
)

// register registers a pool whose hosts are not checked, so that the figures
// hold no dials.
func (t *target) register(ctx context.Context, name string, hosts int) error {
	list := make([]object, hosts)
	for i := range list {
		list[i] = object{
			"name": "h" + strconv.Itoa(i), "address": fmt.Sprintf("10.1.%d.%d", i/200, 1+i%200),
			"attributes": object{"ncpus": 4, "nram": 8192},
		}
	}
	return t.call(ctx, "/v1/commands/registerProviderStrategy", object{
		"strategy_name": name, "provider_type": "static",
		"strategy_config": object{"hosts": list, "check": object{"kind": "none"}},
	}, nil)
}

// template registers what all of the hosts fit.
func (t *target) template(ctx context.Context) error {
	return t.call(ctx, "/v1/commands/registerTemplate", object{"template_id": "web", "attributes": object{"ncpus": 2}}, nil)
}

// executed is the part of an answer that the next call needs.
type executed struct {
	ID     string `json:"operation_id"`
	Result struct {
		Machines []struct {
			ID string `json:"machine_id"`
		} `json:"machines"`
	} `json:"result"`
}

const execute = "/v1/commands/executeProviderOperation"

// create makes one machine in a pool and returns the ids of operation and
// machine.
func (t *target) create(ctx context.Context, pool string) (operation, machine string, err error) {
	operation, machines, err := t.createSome(ctx, pool, 1)
	if err != nil {
		return "", "", err
	}
	return operation, machines[0], nil
}

// createSome makes as many machines, and fails when any is missing.
func (t *target) createSome(ctx context.Context, pool string, count int) (operation string, machines []string, err error) {
	var done executed
	body := object{
		"operation_type": "CREATE_INSTANCES", "parameters": object{"template_id": "web", "count": count},
		"strategy_override": pool,
	}
	if err := t.call(ctx, execute, body, &done); err != nil {
		return "", nil, err
	}
	for _, m := range done.Result.Machines {
		machines = append(machines, m.ID)
	}
	if len(machines) != count {
		return "", nil, fmt.Errorf("operation %s made %d machines instead of %d", done.ID, len(machines), count)
	}
	return done.ID, machines, nil
}

func (t *target) terminate(ctx context.Context, machines ...string) error {
	return t.call(ctx, execute, object{"operation_type": "TERMINATE_INSTANCES", "parameters": object{"machine_ids": machines}}, nil)
}

// rss is the memory of the process that is resident now, in bytes; an error
// where the system does not say.
func (t *target) rss() (int64, error) { return residentIn(t.broker.PID()) }

func residentIn(pid int) (int64, error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, fmt.Errorf("reading the memory of a process (Linux only): %w", err)
	}
	for line := range strings.Lines(string(raw)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kib, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 10, 64)
			return kib << 10, err
		}
	}
	return 0, fmt.Errorf("process %d does not say how much memory it has", pid)
}
