//go:build !unix

package datadir

import (
	"errors"
	"os"
)

func lockFile(*os.File) error { return errors.ErrUnsupported }
