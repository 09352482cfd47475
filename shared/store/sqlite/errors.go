package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/openhostfactory/ohfp/shared/fault"
)

// primary keeps the primary result code of an extended one.
const primary = 0xff

// remedies says what to do about the failures that an operator can end.
var remedies = map[int]string{
	sqlite3.SQLITE_BUSY:     "The store is locked by another program for too long. Close what has the database open, then try again.",
	sqlite3.SQLITE_LOCKED:   "The store is locked by another program for too long. Close what has the database open, then try again.",
	sqlite3.SQLITE_FULL:     "The disk of the data directory is full. Free some space, then try again.",
	sqlite3.SQLITE_READONLY: "The store cannot be written. Check the permissions of the data directory and that its disk is not mounted read-only.",
	sqlite3.SQLITE_CANTOPEN: "The store cannot be opened. Check that the data directory is there and its permissions.",
	sqlite3.SQLITE_IOERR:    "The disk of the data directory failed to read or write. Check it and its free space, then try again.",
	sqlite3.SQLITE_CORRUPT:  "The database is damaged. " + restore,
	sqlite3.SQLITE_NOTADB:   "The database is damaged. " + restore,
}

const restore = "Stop the broker, then restore a copy of the data directory; or move the file aside to begin empty, with machines that this broker no longer knows."

// unavailable makes a store_unavailable of what went wrong while doing. A
// [fault.Error] stays what it is.
func unavailable(doing string, err error) error {
	if err == nil {
		return nil
	}
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return f
	}
	return &fault.Error{Code: fault.StoreUnavailable, Detail: remedy(err), Err: fmt.Errorf("%s: %w", doing, err)}
}

func remedy(err error) string {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return "The store did not answer in the time that the caller gave it."
	}
	if errors.Is(err, errClosed) || errors.Is(err, sql.ErrConnDone) {
		return "The store is closed: the broker is stopping."
	}
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		if text, ok := remedies[e.Code()&primary]; ok {
			return text
		}
	}
	return "The store failed; the log has the reason."
}

var errClosed = errors.New("the store is closed")

func notFound(what, name string) error {
	return fault.New(fault.NotFound, "There is no %s %q.", what, name)
}
