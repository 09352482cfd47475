package datadir_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/store/datadir"
)

func TestClaim_makes_the_directory_for_its_owner_only(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	f, err := datadir.Claim(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	info, err := os.Stat(dir)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Fatalf("got %v, %v, want a directory of mode 0700", info.Mode(), err)
	}
}

func TestClaim_refuses_a_directory_in_use_and_takes_it_when_it_is_free(t *testing.T) {
	dir := t.TempDir()
	first, err := datadir.Claim(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err = datadir.Claim(dir); !fault.Is(err, fault.StoreUnavailable) || !strings.Contains(fault.As(err).Detail, fmt.Sprintf("in use by process %d.", os.Getpid())) {
		t.Fatalf("got %v, want store_unavailable with the process id", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second, err := datadir.Claim(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := second.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestClaim_names_a_place_that_cannot_be_a_directory(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := datadir.Claim(filepath.Join(file, "below"))
	if !fault.Is(err, fault.StoreUnavailable) || !strings.Contains(fault.As(err).Detail, "--data-dir") {
		t.Fatalf("got %v, want store_unavailable with the remedy", err)
	}
}

func ExampleClaim() {
	dir, err := os.MkdirTemp("", "claim")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(dir) }()
	f, err := datadir.Claim(dir)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = f.Close() }()
	_, err = datadir.Claim(dir)
	fmt.Println(fault.As(err).Code)
	// Output: store_unavailable
}
