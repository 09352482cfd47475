package wire

import (
	"bytes"
	"math"
	"strconv"
)

// Canonical returns a document in the one form that all its spellings share:
// keys sorted, no space, strings with the least escapes, integers of
// up to 64 digits in plain digits and other numbers as the shortest text of their float64. It is for
// hashing. An empty document is {}. It takes any size; callers have checked.
//
// Errors are [*fault.Error]: invalid_request for what is not JSON, a key given
// twice, and what is out of range.
func Canonical(data []byte) ([]byte, error) {
	if len(bytes.TrimSpace(data)) == 0 {
		return []byte("{}"), nil
	}
	n, found, err := parse(data, Limits{Body: math.MaxInt64, Depth: canonicalDepth, List: math.MaxInt})
	if err != nil {
		return nil, err
	}
	if err := found.err(); err != nil {
		return nil, err
	}
	n.sort()
	n.plainNumbers()
	return n.append(nil), nil
}

// canonicalDepth bounds the recursion, far above what Decode lets through.
const canonicalDepth = 100

func (n *node) plainNumbers() {
	for i := range n.elems {
		n.elems[i].plainNumbers()
	}
	if n.kind != number {
		return
	}
	if v, ok := integral(n.text); ok && len(v.String()) <= maxNumber {
		n.text = v.String()
		return
	}
	if v, err := strconv.ParseFloat(n.text, 64); err == nil {
		n.text = strconv.FormatFloat(v, 'g', -1, 64)
	}
}
