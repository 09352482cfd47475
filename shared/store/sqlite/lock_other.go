//go:build !unix

package sqlite

import (
	"errors"
	"os"
)

func lockFile(*os.File) error { return errors.ErrUnsupported }
