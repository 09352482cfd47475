package wire

import (
	"strconv"
	"strings"
)

// path is where a value stands; it is rendered only when something is wrong
// there.
type path struct {
	up    *path
	key   string
	index int // of a list's item; -1: a key
}

func (p *path) String() string {
	if p == nil {
		return ""
	}
	up := p.up.String()
	if p.index >= 0 {
		return up + "[" + strconv.Itoa(p.index) + "]"
	}
	return join(up, p.key)
}

// join adds a key to a path; a key that would read as several is quoted.
func join(up, key string) string {
	if key == "" || strings.ContainsAny(key, ".[]\" \t\n") {
		key = strconv.Quote(key)
	}
	if up == "" {
		return key
	}
	return up + "." + key
}

func (p *path) child(key string) *path { return &path{up: p, key: key, index: -1} }
func (p *path) item(i int) *path       { return &path{up: p, index: i} }

// root is the path of a document that stands at a dotted path; nil for "".
func root(at string) *path {
	if at == "" {
		return nil
	}
	var p *path
	for key := range strings.SplitSeq(at, ".") {
		p = p.child(key)
	}
	return p
}
