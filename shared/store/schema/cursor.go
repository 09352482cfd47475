package schema

import (
	"encoding/base64"
	"strings"

	"github.com/openhostfactory/ohfp/shared/fault"
)

// Cursor is where a page ended: after this sort key of this partition. It
// holds no offset, so rows that come and go move no page.
type Cursor struct{ PK, SK string }

const cursorVersion = "1"

// maxCursor bounds what is decoded: version, both keys, separators.
const maxCursor = (MaxPartitionKey + MaxSortKey + 8) * 4 / 3

// String returns the cursor as a client sees it: opaque, and safe in a URL.
// The zero cursor is "".
func (c Cursor) String() string {
	if c == (Cursor{}) {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString([]byte(cursorVersion + "\x00" + c.PK + "\x00" + c.SK))
}

// ParseCursor reads what String wrote; "" is the zero cursor. A cursor of
// another list, which pk names by the beginning of its partitions, is as
// invalid as one that nobody made: invalid_request.
func ParseCursor(s, pk string) (Cursor, error) {
	if s == "" {
		return Cursor{}, nil
	}
	c, ok := parseCursor(s)
	if !ok || !strings.HasPrefix(c.PK, pk) {
		return Cursor{}, fault.Invalid("cursor", "is not one that this list gave; leave it out to start at the beginning")
	}
	return c, nil
}

func parseCursor(s string) (Cursor, bool) {
	if len(s) > maxCursor {
		return Cursor{}, false
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil {
		return Cursor{}, false
	}
	parts := strings.SplitN(string(raw), "\x00", 3)
	if len(parts) != 3 || parts[0] != cursorVersion || parts[1] == "" || parts[2] == "" {
		return Cursor{}, false
	}
	return Cursor{PK: parts[1], SK: parts[2]}, true
}
