//go:build unix

package runtimeapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/shared/host/runtimeapi"
	"github.com/openhostfactory/ohfp/statemachines/walk"
)

var (
	_ walk.Invoker = (*runtimeapi.Server)(nil)
	_ walk.Named   = (*runtimeapi.FunctionError)(nil)
	_ walk.Named   = (*runtimeapi.ServiceError)(nil)
)

func TestAProcessIsStartedOnceAndUsedAgain(t *testing.T) {
	z := serve(t, func(f *runtimeapi.Function, _ *runtimeapi.Options) { f.Processes = 1 })
	first, second := z.ask(t, "echo", "one"), z.ask(t, "echo", "two")
	if first.Text != "one" || second.Text != "two" {
		t.Errorf("%+v, %+v", first, second)
	}
	if first.PID != second.PID || second.Calls != 2 {
		t.Errorf("the second call was not the first one's process: %+v, %+v", first, second)
	}
}

func TestAFailureIsPassedOnByItsName(t *testing.T) {
	tests := []struct{ do, name, message string }{
		{"capacity", "Ohfp.Capacity", "all cages are full"},
		{"broken", "Ohfp.Internal", "request id"},
		{"panic", "Ohfp.Internal", "request id"},
		{"exit", "Runtime.ExitError", "exit status 3"},
		{"crash", "Runtime.ExitError", "exit status 2"},
	}
	z := serve(t, nil)
	for _, tc := range tests {
		t.Run(tc.do, func(t *testing.T) {
			e := z.fails(t, tc.do, "")
			if e.ASL() != tc.name || !strings.Contains(e.Message, tc.message) || strings.Contains(string(e.Payload), "secret") {
				t.Errorf("%v: %s", e, e.Payload)
			}
			if got := z.ask(t, "echo", "after"); got.Text != "after" {
				t.Errorf("after it: %+v", got)
			}
		})
	}
}

func TestAnInvocationThatFailsKeepsItsProcess(t *testing.T) {
	z := serve(t, func(f *runtimeapi.Function, _ *runtimeapi.Options) { f.Processes = 1 })
	before := z.ask(t, "echo", "").PID
	for _, do := range []string{"capacity", "panic"} {
		if e := z.fails(t, do, ""); !strings.HasPrefix(e.Type, "Ohfp.") {
			t.Errorf("%s: %v", do, e)
		}
	}
	if after := z.ask(t, "echo", ""); after.PID != before || after.Calls != 4 {
		t.Errorf("process %d before, %+v after", before, after)
	}
}

func TestAHangIsKilledAtTheDeadlineAndItsProcessNotUsedAgain(t *testing.T) {
	z := serve(t, func(f *runtimeapi.Function, _ *runtimeapi.Options) { f.Timeout = 300 * time.Millisecond })
	for range 2 {
		began := time.Now()
		e := z.fails(t, "hang", "")
		if e.Type != runtimeapi.TimedOut || !strings.Contains(e.Message, "timed out after 0.30 seconds") {
			t.Errorf("%v", e)
		}
		if took := time.Since(began); took < 300*time.Millisecond {
			t.Errorf("took %s", took)
		}
	}
	until(t, "the notice of both ends", func() bool { return len(z.ended(t)) == 2 })
	pids := z.ended(t)
	if pids[0] == pids[1] {
		t.Errorf("process %d ended twice", pids[0])
	}
	for _, pid := range pids {
		if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
			t.Errorf("process %d is still there: %v", pid, err)
		}
	}
}

func TestWhatAFunctionStartedIsKilledWithIt(t *testing.T) {
	z := serve(t, nil)
	killed := make(chan error, 1)
	go func() {
		_, err := z.try(context.WithoutCancel(t.Context()), "child", "")
		killed <- err
	}()
	line, said := "", false
	until(t, "the child", func() bool {
		_, after, _ := strings.Cut(z.output.String(), "child ")
		line, _, said = strings.Cut(after, "\n")
		return said
	})
	pid, err := strconv.Atoi(line)
	if err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-killed; err == nil {
		t.Error("the call has succeeded")
	}
	until(t, "the end of the child", func() bool { return gone(pid) })
}

func TestProcessesAreStartedOnDemandUpToALimit(t *testing.T) {
	const limit = 3
	z := serve(t, func(f *runtimeapi.Function, _ *runtimeapi.Options) { f.Processes = limit })
	g := newGate(t)
	var wg sync.WaitGroup
	var mu sync.Mutex
	calls := map[int]int{}
	for range 4 * limit {
		wg.Go(func() {
			r, err := z.try(t.Context(), "await", g.path)
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			calls[r.PID]++
		})
	}
	z.awaited(t, limit)
	g.open(t)
	wg.Wait()
	total := 0
	for _, n := range calls {
		total += n
	}
	if len(calls) != limit || total != 4*limit {
		t.Errorf("calls by process: %v", calls)
	}
}

func TestACallerWhoLeavesLeavesTheFunctionAtWork(t *testing.T) {
	z := serve(t, func(f *runtimeapi.Function, _ *runtimeapi.Options) { f.Processes = 1 })
	z.ask(t, "echo", "")
	g := newGate(t)
	ctx, leave := context.WithCancel(t.Context())
	left := make(chan error, 1)
	go func() {
		_, err := z.try(ctx, "await", g.path)
		left <- err
	}()
	z.awaited(t, 1)
	leave()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Errorf("err = %v", err)
	}
	g.open(t)
	if third := z.ask(t, "echo", ""); third.Calls != 3 {
		t.Errorf("%+v, want the third call in the same process", third)
	}
}

func TestACallerWaitsForAPlaceAsLongAsItWants(t *testing.T) {
	z := serve(t, func(f *runtimeapi.Function, _ *runtimeapi.Options) { f.Processes = 1 })
	g := newGate(t)
	busy := make(chan error, 1)
	go func() {
		_, err := z.try(context.WithoutCancel(t.Context()), "await", g.path)
		busy <- err
	}()
	z.awaited(t, 1)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
	defer cancel()
	if _, err := z.try(ctx, "echo", ""); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("err = %v", err)
	}
	g.open(t)
	if err := <-busy; err != nil {
		t.Error(err)
	}
	z.ask(t, "echo", "")
}

func TestAFunctionIsToldWhatLambdaTells(t *testing.T) {
	z := serve(t, func(f *runtimeapi.Function, o *runtimeapi.Options) {
		f.Memory, f.Timeout = 256, 47*time.Second
		f.Env, o.Env = []string{"TABLE=broker"}, []string{"TABLE=other", "AWS_LAMBDA_FUNCTION_NAME=forged"}
		o.Region = "eu-central-1"
	})
	for name, want := range map[string]string{
		"AWS_LAMBDA_FUNCTION_NAME": "zoo", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256", "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
		"AWS_REGION": "eu-central-1", "TABLE": "broker", "HOME": "",
	} {
		if got := z.ask(t, "env", name).Text; got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
	before := time.Now().Add(-time.Second) // of which the host keeps a part for itself
	deadline, err := time.Parse(time.RFC3339Nano, z.ask(t, "deadline", "").Text)
	if err != nil {
		t.Fatal(err)
	}
	if begun := deadline.Add(-47 * time.Second); begun.Before(before) || begun.After(time.Now()) {
		t.Errorf("the deadline is %s, of a call between %s and now", deadline, before)
	}
}

func TestWhatAFunctionSaysIsPassedOnInWholeLines(t *testing.T) {
	z := serve(t, nil)
	z.ask(t, "say", "hello")
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if got := z.output.String(); !strings.Contains(got, "hello\n") || !strings.Contains(got, "without an end") || !strings.HasSuffix(got, "\n") {
		t.Errorf("%q", got)
	}
}

func TestAnUnusedProcessIsEnded(t *testing.T) {
	z := serve(t, func(_ *runtimeapi.Function, o *runtimeapi.Options) { o.IdleAfter = 30 * time.Millisecond })
	pid := z.ask(t, "echo", "").PID
	until(t, "the end of the process", func() bool { return gone(pid) })
	if got := z.ask(t, "echo", ""); got.PID == pid || got.Calls != 1 {
		t.Errorf("%+v", got)
	}
}

func TestAProcessThatDiedIsReplaced(t *testing.T) {
	z := serve(t, nil)
	for range 5 {
		pid := z.ask(t, "echo", "").PID
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		until(t, "the notice of the death", func() bool { return strings.Contains(z.log.String(), fmt.Sprintf(`"pid":%d,`, pid)) })
		if got := z.ask(t, "echo", ""); got.PID == pid {
			t.Errorf("process %d answers from beyond", pid)
		}
	}
}

func gone(pid int) bool { return errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) || zombie(pid) }

func TestACallThatIsNoCallIsRefused(t *testing.T) {
	z := serve(t, nil)
	tests := []struct {
		name, function string
		payload        json.RawMessage
		want           string
	}{
		{"an unknown function", "tiger", json.RawMessage(`{}`), "Lambda.ResourceNotFoundException"},
		{"a payload that is too large", "zoo", make([]byte, runtimeapi.MaxPayload+1), "Lambda.RequestTooLargeException"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			_, err := z.Invoke(t.Context(), tc.function, tc.payload)
			e, ok := errors.AsType[*runtimeapi.ServiceError](err)
			if !ok || e.ASL() != tc.want {
				t.Errorf("err = %v", err)
			}
		})
	}
}

func TestAClosedServerRunsNothing(t *testing.T) {
	z := serve(t, nil)
	pid := z.ask(t, "echo", "").PID
	hanging := make(chan error, 1)
	go func() {
		_, err := z.try(context.WithoutCancel(t.Context()), "hang", "")
		hanging <- err
	}()
	until(t, "the call in the process", func() bool { return strings.Contains(z.output.String(), "hanging") })
	for range 2 {
		if err := z.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := <-hanging; err == nil {
		t.Error("the call that hung has succeeded")
	}
	if !gone(pid) {
		t.Errorf("process %d is still there", pid)
	}
	if _, err := z.try(t.Context(), "echo", ""); !strings.Contains(err.Error(), "closed") {
		t.Errorf("err = %v", err)
	}
}
