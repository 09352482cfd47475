// Command pack writes, for each folder with a bootstrap in a directory, the zip
// that Lambda takes, beside the folder. It holds the bootstrap alone, which may
// be run, with a fixed time: the same binary gives the same zip.
package main

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"golang.org/x/sync/errgroup"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: pack DIRECTORY")
		os.Exit(2)
	}
	if err := packAll(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "pack:", err)
		os.Exit(1)
	}
}

// packAll writes the zips of all functions in dir; no function is an error.
func packAll(dir string) error {
	found, err := filepath.Glob(filepath.Join(dir, "*", "bootstrap"))
	if err != nil {
		return fmt.Errorf("looking for functions: %w", err)
	}
	if len(found) == 0 {
		return fmt.Errorf("no function in %s: want folders that hold a file named bootstrap", dir)
	}
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for _, path := range found {
		g.Go(func() error { return pack(path, filepath.Dir(path)+".zip") })
	}
	return g.Wait()
}

// pack writes the zip of one bootstrap.
func pack(bootstrap, to string) (err error) {
	in, err := os.Open(bootstrap)
	if err != nil {
		return fmt.Errorf("packing: %w", err)
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	out, err := os.Create(to)
	if err != nil {
		return fmt.Errorf("packing %s: %w", bootstrap, err)
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	if err := write(out, in); err != nil {
		return fmt.Errorf("packing %s: %w", bootstrap, err)
	}
	return nil
}

func write(out io.Writer, bootstrap io.Reader) error {
	h := &zip.FileHeader{Name: "bootstrap", Method: zip.Deflate, Modified: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)}
	h.SetMode(0o755)
	z := zip.NewWriter(out)
	w, err := z.CreateHeader(h)
	if err != nil {
		return err
	}
	if _, err := io.Copy(w, bootstrap); err != nil {
		return err
	}
	return z.Close()
}
