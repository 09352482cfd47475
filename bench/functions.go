package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// The function that the others are measured beside: it does nothing.
const (
	empty       = "empty"
	emptySource = "./shared/host/runtimeapi/testdata/empty"
)

// sample is a function of each way to be put together: one that reads, one that
// changes something and starts workflows, one that touches machines.
func sample() []string {
	return []string{"list-templates", "execute-provider-operation", "attempt-static"}
}

// functions measures the functions as they are deployed. First with a table
// that answers at once, so that what is measured is the function; then as a
// broker on a DynamoDB, if there is one.
func functions(ctx context.Context, r *report, bin, build string) (err error) {
	dir, err := os.MkdirTemp("", "ohfp-bench-")
	if err != nil {
		return fmt.Errorf("making a directory: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	at, err := binaries(ctx, dir, build)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, allEnded(at)) }()
	table, err := openStub(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, table.close()) }()
	if err := coldStarts(ctx, r, at, table.environment()); err != nil {
		return err
	}
	least, err := warm(ctx, r, at, table.environment())
	if err != nil {
		return err
	}
	if err := deployed(ctx, r, deployment{bin: bin, build: build, dir: dir, least: least}); err != nil {
		return err
	}
	return zips(r, dir, build)
}

// binaries finds the binaries of the sample and builds the empty function as
// they were built.
func binaries(ctx context.Context, dir, build string) (map[string]string, error) {
	at := map[string]string{empty: filepath.Join(dir, empty, "bootstrap")}
	for _, name := range sample() {
		path, err := filepath.Abs(filepath.Join(build, name, "bootstrap"))
		if err != nil {
			return nil, fmt.Errorf("finding the function %s: %w", name, err)
		}
		if _, err := os.Stat(path); err != nil {
			return nil, fmt.Errorf("finding the function %s, which make functions ARCH=host builds: %w", name, err)
		}
		at[name] = path
	}
	progress("compiling an empty function to measure beside")
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-tags", "lambda.norpc,grpcnotrace",
		"-ldflags", "-s -w -buildid=", "-o", at[empty], emptySource)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("building an empty function: %w\n%s", err, out)
	}
	if out, err := exec.CommandContext(ctx, "go", "run", "./.ci/functions/pack", dir).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("packing an empty function: %w\n%s", err, out)
	}
	return at, nil
}

// zips adds what of each function is uploaded.
func zips(r *report, dir, build string) error {
	least, err := os.Stat(filepath.Join(dir, empty+".zip"))
	if err != nil {
		return fmt.Errorf("looking at the empty function: %w", err)
	}
	found, err := filepath.Glob(filepath.Join(build, "*.zip"))
	if err != nil || len(found) == 0 {
		return fmt.Errorf("no zips of functions in %s: %w", build, err)
	}
	slices.Sort(found)
	for _, path := range found {
		info, err := os.Stat(path)
		if err != nil {
			return fmt.Errorf("looking at a function: %w", err)
		}
		r.add("zip of "+strings.TrimSuffix(filepath.Base(path), ".zip"), mib(info.Size()), "",
			fmt.Sprintf("%.1f × the empty function, %s", float64(info.Size())/float64(least.Size()), mib(least.Size())))
	}
	return nil
}

// running lists the processes of a binary; none where the system does not say.
func running(path string) ([]int, error) {
	links, err := filepath.Glob("/proc/[0-9]*/exe")
	if err != nil {
		return nil, fmt.Errorf("listing processes: %w", err)
	}
	var pids []int
	for _, link := range links {
		var pid int
		if at, err := os.Readlink(link); err != nil || at != path {
			continue // another's, or gone
		}
		if _, err := fmt.Sscanf(link, "/proc/%d/exe", &pid); err != nil {
			return nil, fmt.Errorf("reading %s: %w", link, err)
		}
		pids = append(pids, pid)
	}
	return pids, nil
}

// allEnded is an error when a function that was measured runs on.
func allEnded(at map[string]string) error {
	for name, path := range at {
		pids, err := running(path)
		if err != nil {
			return err
		}
		if len(pids) > 0 {
			return fmt.Errorf("processes of %s were left behind: %v", name, pids)
		}
	}
	return nil
}
