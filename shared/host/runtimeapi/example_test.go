package runtimeapi_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/openhostfactory/ohfp/shared/host/runtimeapi"
)

// The functions of a build, each by the name of its directory.
func Example() {
	functions, err := runtimeapi.Scan(built)
	if err != nil {
		fmt.Println(err)
		return
	}
	s, err := runtimeapi.Start(runtimeapi.Options{Functions: functions, Output: os.Stderr, Log: slog.New(slog.DiscardHandler), Now: time.Now})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = s.Invoke(context.Background(), "zoo", json.RawMessage(`{"do":"capacity"}`))
	fmt.Println(err)
	fmt.Println(s.Close())
	// Output:
	// Ohfp.Capacity: all cages are full
	// <nil>
}
