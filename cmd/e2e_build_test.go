package cmd

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// TestMain removes what tests have built, and writes down what functions asked
// for.
func TestMain(m *testing.M) {
	status := m.Run()
	dir, err := workshop() // made now if nothing was built
	if err = errors.Join(err, os.RemoveAll(dir), rights.write(os.Getenv(rightsFile))); err != nil {
		fmt.Fprintln(os.Stderr, err)
		status = 1
	}
	os.Exit(status)
}

// workshop is where the programs are built, each once for all tests.
var workshop = sync.OnceValues(func() (string, error) { return os.MkdirTemp("", "ohfp-built-") })

var builtCommands = sync.OnceValues(func() (string, error) {
	dir, err := workshop()
	if err != nil {
		return "", err
	}
	bin := filepath.Join(dir, "bin")
	return bin, run("go", "build", "-o", bin+string(filepath.Separator), "./ohfp", "./ohfpd", "../examples/smoke")
})

var builtFunctions = sync.OnceValues(func() (string, error) {
	dir, err := workshop()
	if err != nil {
		return "", err
	}
	into := filepath.Join(dir, "functions")
	if err := run("../.ci/functions/build", "host", into); err != nil {
		return "", err
	}
	found, err := filepath.Glob(filepath.Join(into, "*", "settle"))
	if err != nil || len(found) != 1 {
		return "", fmt.Errorf("looking for the functions: %v, %w", found, err)
	}
	return filepath.Dir(found[0]), nil
})

// build compiles both commands and the smoke test, as a user does, and returns their directory.
func build(t *testing.T) (bin string) {
	t.Helper()
	for _, command := range []string{"ohfp", "ohfpd"} {
		link(t, command) // opens the sources, so that no result of an older build is taken from the cache
	}
	bin, err := builtCommands()
	if err != nil {
		t.Fatal(err)
	}
	return bin
}

// buildFunctions compiles the functions for this machine, as a user does, and
// returns their directory.
func buildFunctions(t *testing.T) (dir string) {
	t.Helper()
	dir, err := builtFunctions()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func run(program string, args ...string) error {
	if out, err := exec.Command(program, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("running %s %v: %w\n%s", program, args, err, out)
	}
	return nil
}
