package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"
)

// starts is how often the client is started.
const starts = 60

// reply is an answer that any query can end with: the listener knows no
// operation.
const reply = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"

// clientStart measures how long ohfp takes from the start of its process to
// the first byte that it sends, and the most memory that it held. A bare TCP
// listener stands for the broker, so that nothing of the broker is in the
// figure; a process that does nothing, /bin/true, is measured in turn.
func clientStart(ctx context.Context, r *report, bin string) (err error) {
	progress("%d starts of ohfp", starts)
	dir, err := os.MkdirTemp("", "ohfp-bench-")
	if err != nil {
		return fmt.Errorf("making a directory: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	token := filepath.Join(dir, "token")
	if err := os.WriteFile(token, []byte("bench\n"), 0o600); err != nil {
		return fmt.Errorf("writing a token: %w", err)
	}
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listening: %w", err)
	}
	defer func() { err = errors.Join(err, ln.Close()) }()
	ohfp, err := filepath.Abs(filepath.Join(bin, "ohfp"))
	if err != nil {
		return fmt.Errorf("finding ohfp: %w", err)
	}
	f, err := starter{ln, ohfp, token}.repeat(ctx)
	if err != nil {
		return err
	}
	first := quantile(f.first, 0.5)
	beside := times(first, quantile(f.nothing, 0.5), "the whole of /bin/true, "+ms(quantile(f.nothing, 0.5)))
	r.add("ohfp: process start to first byte sent, p50", ms(first), "≤ 10 ms", beside)
	r.add("ohfp: process start to first byte sent, p95", ms(quantile(f.first, 0.95)), "", "")
	r.add("ohfp: the same, signed for AWS, p50", ms(quantile(f.signed, 0.5)), "", times(quantile(f.signed, 0.5), first, "without"))
	r.add("ohfp: whole process, p50", ms(quantile(f.whole, 0.5)), "", "")
	r.add("ohfp: peak memory", mib(f.peak), "≤ 20 MiB", "")
	return nil
}

// starter starts the client against a listener.
type starter struct {
	ln          net.Listener
	ohfp, token string
}

// startFigures are those of all starts; signed are those to the first byte of
// calls that are signed.
type startFigures struct {
	first, signed, whole, nothing []time.Duration
	peak                          int64 // bytes
}

// repeat starts each kind in turn, so that all of them meet the same machine.
func (s starter) repeat(ctx context.Context) (startFigures, error) {
	var f startFigures
	for range starts {
		began := time.Now()
		if err := exec.CommandContext(ctx, "/bin/true").Run(); err != nil {
			return f, fmt.Errorf("running /bin/true: %w", err)
		}
		f.nothing = append(f.nothing, time.Since(began))
		bears, err := s.once(ctx)
		if err != nil {
			return f, err
		}
		signs, err := s.once(ctx, "--auth", "sigv4")
		if err != nil {
			return f, err
		}
		f.first, f.whole, f.peak = append(f.first, bears.first), append(f.whole, bears.whole), max(f.peak, bears.rss, signs.rss)
		f.signed = append(f.signed, signs.first)
	}
	return f, nil
}

// start is one start of the client.
type start struct {
	first, whole time.Duration
	rss          int64 // bytes
}

func (s starter) once(ctx context.Context, flags ...string) (start, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, s.ohfp, append([]string{"listAvailableProviders", "--format", "json"}, flags...)...)
	cmd.Env = append(os.Environ(), "OHFP_ENDPOINT=http://"+s.ln.Addr().String(), "OHFP_TOKEN_FILE="+s.token,
		"AWS_REGION=eu-west-1", "AWS_ACCESS_KEY_ID=AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY=bench")
	arrived := make(chan arrival, 1)
	go func() { arrived <- takeRequest(s.ln) }()
	began := time.Now()
	if out, err := cmd.CombinedOutput(); err != nil {
		return start{}, fmt.Errorf("running ohfp: %w\n%s", err, out)
	}
	whole := time.Since(began)
	a := <-arrived
	if a.err != nil {
		return start{}, fmt.Errorf("taking the request of ohfp: %w", a.err)
	}
	usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return start{}, errors.New("this system does not say how much memory a process used")
	}
	return start{first: a.at.Sub(began), whole: whole, rss: maxRSS(usage)}, nil
}

// maxRSS is in bytes; the system counts in KiB, except Darwin.
func maxRSS(u *syscall.Rusage) int64 {
	if runtime.GOOS == "darwin" {
		return u.Maxrss
	}
	return u.Maxrss << 10
}

type arrival struct {
	at  time.Time
	err error
}

// takeRequest waits for the first byte of a request and answers it.
func takeRequest(ln net.Listener) arrival {
	c, err := ln.Accept()
	if err != nil {
		return arrival{err: err}
	}
	buf := make([]byte, 64<<10)
	_, err = c.Read(buf)
	at := time.Now()
	if err == nil {
		_, err = c.Write([]byte(reply))
	}
	return arrival{at: at, err: errors.Join(err, c.Close())}
}
