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
	z := serve(t, nil)
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
	z := serve(t, nil)
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

func TestAHangIsKilledAtTheDeadline(t *testing.T) {
	z := serve(t, func(f *runtimeapi.Function, _ *runtimeapi.Options) { f.Timeout = 300 * time.Millisecond })
	pid := z.ask(t, "echo", "").PID
	began := time.Now()
	e := z.fails(t, "hang", "")
	if e.Type != runtimeapi.TimedOut || !strings.Contains(e.Message, "timed out after 0.30 seconds") {
		t.Errorf("%v", e)
	}
	if took := time.Since(began); took < 300*time.Millisecond || took > 5*time.Second {
		t.Errorf("took %s", took)
	}
	if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("process %d is still there: %v", pid, err)
	}
	if got := z.ask(t, "echo", ""); got.PID == pid {
		t.Error("the killed process was used again")
	}
}

func TestWhatAFunctionStartedIsKilledWithIt(t *testing.T) {
	z := serve(t, func(f *runtimeapi.Function, _ *runtimeapi.Options) { f.Timeout = 500 * time.Millisecond })
	if e := z.fails(t, "child", ""); e.Type != runtimeapi.TimedOut {
		t.Errorf("%v", e)
	}
	_, said, ok := strings.Cut(z.output.String(), "child ")
	if !ok {
		t.Fatalf("no child in %q", z.output)
	}
	line, _, _ := strings.Cut(said, "\n")
	pid, err := strconv.Atoi(line)
	if err != nil {
		t.Fatal(err)
	}
	until(t, "the end of the child", func() bool { return gone(pid) })
}

func TestProcessesAreStartedOnDemandUpToALimit(t *testing.T) {
	const limit = 3
	z := serve(t, func(f *runtimeapi.Function, _ *runtimeapi.Options) { f.Processes = limit })
	var wg sync.WaitGroup
	var mu sync.Mutex
	calls := map[int]int{}
	for range 4 * limit {
		wg.Go(func() {
			r, err := z.try(t.Context(), "wait", "20ms")
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			calls[r.PID]++
		})
	}
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
	z := serve(t, nil)
	z.ask(t, "echo", "")
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	if _, err := z.try(ctx, "wait", "100ms"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("err = %v", err)
	}
	until(t, "the third call in the same process", func() bool { return z.ask(t, "echo", "").Calls >= 3 })
}

func TestACallerWaitsForAPlaceAsLongAsItWants(t *testing.T) {
	z := serve(t, func(f *runtimeapi.Function, _ *runtimeapi.Options) { f.Processes = 1 })
	busy := make(chan error, 1)
	go func() {
		_, err := z.try(context.WithoutCancel(t.Context()), "wait", "1s")
		busy <- err
	}()
	until(t, "the process at work", func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
		defer cancel()
		_, err := z.try(ctx, "echo", "")
		return errors.Is(err, context.DeadlineExceeded)
	})
	if err := <-busy; err != nil {
		t.Error(err)
	}
	z.ask(t, "echo", "")
}

func TestAFunctionIsToldWhatLambdaTells(t *testing.T) {
	z := serve(t, func(f *runtimeapi.Function, o *runtimeapi.Options) {
		f.Memory, f.Timeout = 256, 7*time.Second
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
	if got := z.ask(t, "deadline", "").Text; got != "7s" {
		t.Errorf("the deadline is %s away", got)
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
