package schema

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// inline is how large an attempt's row may be with its results in it. Above
// it they move to rows of their own, in pieces that fit.
const (
	inline = 64 << 10
	piece  = 300 << 10
)

// OperationItem makes an operation's row with its place in both indexes.
func (r Retention) OperationItem(o broker.Operation) (Item, error) {
	it, err := Row(OperationKey(o.ID), o)
	it.Expires = r.operationExpires(&o)
	it.List = OperationList.Key(o.ID, o.CreatedAt)
	if o.Status.Open() {
		it.Open = OpenKey(o.ID, o.DueAt)
	}
	return it, err
}

// attemptRow is an attempt as stored: with its results, or with the number of
// rows that hold them, and what they hold in short. A reader who meets pieces
// that were replaced since he read the row, or before it, sees so.
type attemptRow struct {
	broker.Attempt
	Pieces int    `json:"pieces,omitempty"`
	Digest string `json:"digest,omitempty"`
}

func digest(doc []byte) string {
	sum := sha256.Sum256(doc)
	return hex.EncodeToString(sum[:16])
}

type attemptOutput struct {
	Machines []broker.Machine       `json:"machines,omitempty"`
	Results  []broker.MachineResult `json:"results,omitempty"`
	Output   json.RawMessage        `json:"output,omitempty"`
}

// AttemptItems makes the rows of an attempt: one, or one and the pieces of
// its large results.
func AttemptItems(id string, a broker.Attempt) ([]Item, error) {
	row, err := Row(AttemptKey(id, a.N), attemptRow{Attempt: a})
	if err != nil || len(row.Doc) <= inline {
		return []Item{row}, err
	}
	out, err := Encode(attemptOutput{a.Machines, a.Results, a.Output})
	if err != nil {
		return nil, err
	}
	out = bytes.ToValidUTF8(out, []byte("\uFFFD")) // as a store keeps text
	a.Machines, a.Results, a.Output = nil, nil, nil
	sum := digest(out)
	var pieces []Item
	for len(out) > 0 {
		n := cut(out)
		pieces = append(pieces, Item{Key: OutputKey(id, a.N, len(pieces)), Doc: out[:n]})
		out = out[n:]
	}
	row, err = Row(AttemptKey(id, a.N), attemptRow{a, len(pieces), sum})
	return append([]Item{row}, pieces...), err
}

// cut is where the first piece of a document ends: never inside a character,
// so that each piece is text by itself.
func cut(doc []byte) int {
	if len(doc) <= piece {
		return len(doc)
	}
	for n := piece; n > piece-utf8.UTFMax; n-- {
		if utf8.RuneStart(doc[n]) {
			return n
		}
	}
	return piece
}

// Outputs returns the keys of the pieces that belong to an attempt's row.
func Outputs(id string, row Item) ([]Key, error) {
	a, err := Decode[attemptRow](row)
	if err != nil {
		return nil, err
	}
	keys := make([]Key, a.Pieces)
	for i := range keys {
		keys[i] = OutputKey(id, a.N, i)
	}
	return keys, nil
}

// Attempt reads an attempt from its row and its pieces, in order.
func Attempt(row Item, pieces []Item) (broker.Attempt, error) {
	a, err := Decode[attemptRow](row)
	if err != nil || a.Pieces == 0 {
		return a.Attempt, err
	}
	if len(pieces) < a.Pieces {
		return a.Attempt, fmt.Errorf("decoding %s: %d of %d pieces are there", row.Key, len(pieces), a.Pieces)
	}
	var doc bytes.Buffer
	for _, p := range pieces[:a.Pieces] {
		doc.Write(p.Doc)
	}
	if digest(doc.Bytes()) != a.Digest {
		return a.Attempt, fmt.Errorf("decoding %s: its pieces are of another version", row.Key)
	}
	out, err := Decode[attemptOutput](Item{Key: pieces[0].Key, Doc: doc.Bytes()})
	a.Machines, a.Results, a.Output = out.Machines, out.Results, out.Output
	return a.Attempt, err
}

// Ledger reads an operation from all rows of its partition, in order of sort
// key. False: the operation is not there.
func Ledger(id string, rows []Item) (l broker.Ledger, found bool, err error) {
	for i := 0; i < len(rows) && err == nil; i++ {
		switch it := rows[i]; {
		case it.Key == OperationKey(id):
			found = true
			l.Operation, err = Decode[broker.Operation](it)
		case it.Key == DecisionKey(id):
			var d broker.Decision
			d, err = Decode[broker.Decision](it)
			l.Decision = &d
		case strings.HasPrefix(it.SK, attemptPrefix):
			var a broker.Attempt
			a, err = Attempt(it, piecesOf(it, rows))
			l.Attempts = append(l.Attempts, a)
		}
	}
	return l, found, err
}

// piecesOf picks the rows that hold the results of an attempt.
func piecesOf(attempt Item, rows []Item) []Item {
	prefix := outputPrefix + strings.TrimPrefix(attempt.SK, attemptPrefix) + "#"
	var out []Item
	for _, it := range rows {
		if strings.HasPrefix(it.SK, prefix) {
			out = append(out, it)
		}
	}
	return out
}
