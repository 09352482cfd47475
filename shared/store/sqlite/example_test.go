package sqlite_test

import (
	"context"
	"fmt"
	"os"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/store/sqlite"
)

func ExampleOpen() {
	dir, err := os.MkdirTemp("", "ohfp")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(dir) }()
	ctx := context.Background()
	s, err := sqlite.Open(ctx, dir, sqlite.Options{})
	if err != nil {
		fmt.Println(err) // names the path and the remedy
		return
	}
	defer func() { _ = s.Close() }()

	if _, err := s.PutTemplate(ctx, broker.Template{ID: "small", Image: "debian"}); err != nil {
		fmt.Println(err)
		return
	}
	_, err = s.PutTemplate(ctx, broker.Template{ID: "small", Image: "alpine"}) // as if there were none
	fmt.Println(err)
	// Output: template "small" has changed meanwhile
}
