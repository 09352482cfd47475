// Command zoo is a function that fails in every way one can.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"time"

	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/host/lambdahost"
	"github.com/openhostfactory/ohfp/shared/op"
)

type zoo struct{ calls *atomic.Int64 }

type in struct {
	Do   string `json:"do" doc:"What." required:"true"`
	Text string `json:"text,omitempty" doc:"More about it."`
}

type out struct {
	PID   int    `json:"pid"`
	Calls int64  `json:"calls"`
	Text  string `json:"text,omitempty"`
}

var act = op.Define(op.Spec{Name: "act", Kind: op.Step, Timeout: time.Minute}, zoo.act)

func (z zoo) act(ctx context.Context, i in) (out, error) {
	o := out{PID: os.Getpid(), Calls: z.calls.Add(1)}
	switch i.Do {
	case "echo":
		o.Text = i.Text
	case "env":
		o.Text = os.Getenv(i.Text)
	case "deadline":
		d, _ := ctx.Deadline()
		o.Text = d.Format(time.RFC3339Nano)
	case "say":
		fmt.Println(i.Text)
		fmt.Fprint(os.Stderr, "without an end")
	case "capacity":
		return o, &fault.Task{Name: "Ohfp.Capacity", Cause: "all cages are full"}
	case "broken":
		return o, errors.New("secret cause")
	case "panic":
		panic("secret panic")
	case "exit":
		os.Exit(3)
	case "crash":
		go func() { panic("in a goroutine") }()
		time.Sleep(time.Minute)
	case "hang":
		fmt.Println("hanging")
		time.Sleep(time.Hour)
	case "await":
		fmt.Println("awaiting")
		for _, err := os.Stat(i.Text); err != nil; _, err = os.Stat(i.Text) {
			time.Sleep(time.Millisecond)
		}
	case "child":
		c := exec.Command("sleep", "3600")
		c.Stdout = os.Stdout
		if err := c.Start(); err != nil {
			return o, err
		}
		fmt.Println("child", c.Process.Pid)
		time.Sleep(time.Hour)
	}
	return o, nil
}

func main() {
	switch os.Getenv("ZOO") {
	case "dies":
		os.Exit(4)
	case "late":
		time.Sleep(time.Hour)
	case "reports":
		post("init/error", `{"errorType":"Zoo.NoKeys","errorMessage":"the keys are lost"}`)
		os.Exit(1)
	case "raw":
		raw()
	}
	lambdahost.Serve(act, func(context.Context) (zoo, error) {
		if os.Getenv("ZOO") == "locked" {
			return zoo{}, fault.New(fault.StoreUnavailable, "There is no table.")
		}
		return zoo{calls: new(atomic.Int64)}, nil
	})
}

// raw speaks the Runtime API by hand, and badly: the event's text says how.
func raw() {
	for {
		resp, err := http.Get(url("invocation/next"))
		if err != nil {
			os.Exit(5)
		}
		body, _ := io.ReadAll(resp.Body)
		id := resp.Header.Get("Lambda-Runtime-Aws-Request-Id")
		switch {
		case strings.Contains(string(body), "wrong id"):
			status := post("invocation/another/response", `{}`)
			post("invocation/"+id+"/response", fmt.Sprintf(`{"status":%d}`, status))
		case strings.Contains(string(body), "twice"):
			post("invocation/"+id+"/response", `{"answer":1}`)
			fmt.Println("second answer", post("invocation/"+id+"/response", `{"answer":2}`))
		case strings.Contains(string(body), "mumble"):
			post("invocation/"+id+"/error", "ouch")
		case strings.Contains(string(body), "large"):
			post("invocation/"+id+"/response", `"`+strings.Repeat("x", 7<<20)+`"`)
		case strings.Contains(string(body), "answers and goes"):
			post("invocation/"+id+"/response", `"bye"`)
			os.Exit(0)
		case strings.Contains(string(body), "answers and stays"):
			post("invocation/"+id+"/response", `"bye"`)
			time.Sleep(time.Hour)
		}
	}
}

func url(path string) string {
	return "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/" + path
}

func post(path, body string) int {
	resp, err := http.Post(url(path), "application/json", bytes.NewReader([]byte(body)))
	if err != nil {
		return 0
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}
