package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/openhostfactory/ohfp/shared/host/localhost"
)

// Files of a data directory that are about callers.
const (
	tokenFile  = "token"  // the broker's own token, made at first start
	tokensFile = "tokens" // those of others: name, role, hash
)

// loadTokens reads who may call, and makes the broker's own token if there is
// none. A file that others may read is refused: what is in it is no secret.
func loadTokens(dir string) (*localhost.Tokens, error) {
	own := filepath.Join(dir, tokenFile)
	if err := makeToken(own); err != nil {
		return nil, fmt.Errorf("making the token %s: %w", own, err)
	}
	var files [][]byte
	for _, path := range []string{own, filepath.Join(dir, tokensFile)} {
		data, err := readPrivate(path)
		if errors.Is(err, fs.ErrNotExist) && path != own {
			continue
		}
		if err != nil {
			return nil, err
		}
		if _, err := localhost.ParseTokens(data); err != nil {
			return nil, fmt.Errorf("the token file %s: %w: correct it, or remove it and start again", path, err)
		}
		files = append(files, data)
	}
	tokens, err := localhost.ParseTokens(files...)
	if err != nil {
		return nil, fmt.Errorf("the token files of %s together: %w: correct one of them", dir, err)
	}
	return tokens, nil
}

// makeToken leaves a token that is there. A new one appears whole or not at
// all.
func makeToken(path string) error {
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return writePrivate(path, "ohfp_"+rand.Text()+"\n")
}

// writePrivate replaces a file by one with mode 0600.
func writePrivate(path, text string) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)) // with mode 0600
	if err != nil {
		return fmt.Errorf("%w: check that this user may write to the directory", cause(err))
	}
	_, err = f.WriteString(text)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

func readPrivate(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading a token file: %w", err)
	}
	info, err := f.Stat()
	if err == nil && info.Mode().Perm()&0o077 != 0 && runtime.GOOS != "windows" {
		err = fmt.Errorf("the token file %s is open to others (mode %04o): run chmod 600 %s", path, info.Mode().Perm(), path)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	data, err := io.ReadAll(io.LimitReader(f, maxConfigFile))
	return data, errors.Join(err, f.Close())
}

// othersMayWrite looks at the permissions of dir, where the system has them.
func othersMayWrite(dir string) bool {
	info, err := os.Stat(dir)
	return err == nil && info.Mode().Perm()&0o022 != 0 && runtime.GOOS != "windows"
}
