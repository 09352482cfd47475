package op

import (
	"bytes"
	"encoding/json"
)

// Debugging is the role that may see how an answer came about: it tells of
// all providers, and how the store is laid out.
const Debugging = Operator

// DebugHeader asks for that, with the value 1.
const DebugHeader = "Ohfp-Debug"

// DebugMember is where it stands in the document, whatever that holds else.
const DebugMember = "debug"

// AsksDebug reports whether the values of [DebugHeader] ask for it.
func AsksDebug(sent []string) bool { return len(sent) == 1 && sent[0] == "1" }

// WithDebug adds lines to a document that is a JSON object, as its last member.
// A document that is none, or no lines, is left as it is.
func WithDebug(document []byte, lines []json.RawMessage) []byte {
	end := bytes.LastIndexByte(document, '}')
	if end < 0 || len(lines) == 0 {
		return document
	}
	out := append([]byte{}, document[:end]...)
	if head := bytes.TrimSpace(out); len(head) > 1 {
		out = append(out, ',')
	}
	out = append(out, `"`+DebugMember+`":[`...)
	for i, line := range lines {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, line...)
	}
	return append(append(out, ']'), document[end:]...)
}

// CutDebug takes out again what [WithDebug] added, so that the document is as
// it was. A debug member that is no list of objects at its end is the
// document's own.
func CutDebug(document []byte) (rest []byte, lines []json.RawMessage) {
	at, before := debugMember(document)
	if at < 0 {
		return document, nil
	}
	end := bytes.LastIndexByte(document, '}')
	list, found := bytes.CutPrefix(document[at:end], []byte(`"`+DebugMember+`":`))
	if !found || json.Unmarshal(list, &lines) != nil {
		return document, nil
	}
	return append(append([]byte{}, document[:before]...), document[end:]...), lines
}

// debugMember returns where the member begins in an object, and where what is
// before it ends, without the comma; −1: it has none.
func debugMember(document []byte) (at, before int) {
	dec := json.NewDecoder(bytes.NewReader(document))
	if open, err := dec.Token(); err != nil || open != json.Delim('{') {
		return -1, -1
	}
	before = int(dec.InputOffset())
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return -1, -1
		}
		if name == DebugMember {
			return int(dec.InputOffset()) - len(DebugMember) - 2, before
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return -1, -1
		}
		before = int(dec.InputOffset())
	}
	return -1, -1
}
