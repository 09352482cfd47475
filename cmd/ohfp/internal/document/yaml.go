package document

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// walker turns the syntax of one YAML document into nodes.
type walker struct {
	*budget
	anchors map[string]ast.Node
}

func parseYAML(data []byte) (*Node, error) {
	tokens := lexer.Tokenize(string(data))
	if err := single(tokens); err != nil {
		return nil, err
	}
	file, err := parser.Parse(tokens, 0)
	if err != nil {
		return nil, yamlError(err)
	}
	w := walker{budget: &budget{}, anchors: map[string]ast.Node{}}
	for _, d := range file.Docs {
		if d.Body == nil {
			continue
		}
		n, err := w.value(d.Body, 0)
		if err != nil || n.Kind != Null {
			return n, err
		}
	}
	return nil, nil
}

// single refuses a second document: the parser drops some that follow an empty
// one, without a word.
func single(tokens token.Tokens) error {
	before := 0 // what is not a comment, in front of ---
	for _, t := range tokens {
		switch t.Type {
		case token.CommentType:
			continue
		case token.DocumentHeaderType:
			if before > 0 && tokens[0].Type != token.DirectiveType {
				return wrong(t.Position.Line, "a second document begins here; write one to a file")
			}
		default:
		}
		before++
	}
	return nil
}

func yamlError(err error) error {
	var e yaml.Error
	if errors.As(err, &e) && e.GetToken() != nil {
		return wrong(e.GetToken().Position.Line, "not YAML: %s", e.GetMessage())
	}
	return wrong(0, "not YAML: %s", err)
}

func lineOf(n ast.Node) int {
	if t := n.GetToken(); t != nil && t.Position != nil {
		return t.Position.Line
	}
	return 0
}

func (w walker) value(in ast.Node, depth int) (*Node, error) {
	if err := w.spend(lineOf(in), depth); err != nil {
		return nil, err
	}
	switch in := in.(type) {
	case *ast.AnchorNode:
		w.anchors[in.Name.GetToken().Value] = in.Value
		return w.value(in.Value, depth)
	case *ast.AliasNode:
		return w.alias(in, depth)
	case *ast.SequenceNode:
		return w.list(in, depth)
	case *ast.MappingNode:
		return w.object(in, in.Values, depth)
	case *ast.MappingValueNode:
		return w.object(in, []*ast.MappingValueNode{in}, depth)
	default:
		return scalar(in)
	}
}

// alias stands for what has the anchor: no anchor is in itself, for it is
// known only behind its own end, but it may be long.
func (w walker) alias(in *ast.AliasNode, depth int) (*Node, error) {
	name := in.Value.GetToken().Value
	meant, ok := w.anchors[name]
	if !ok {
		return nil, wrong(lineOf(in), "there is no anchor &%s before this", name)
	}
	return w.value(meant, depth+1)
}

func (w walker) list(in *ast.SequenceNode, depth int) (*Node, error) {
	n := &Node{Kind: List, Line: lineOf(in)}
	for _, v := range in.Values {
		e, err := w.value(v, depth+1)
		if err != nil {
			return nil, err
		}
		n.Elems = append(n.Elems, e)
	}
	return n, nil
}

func (w walker) object(in ast.Node, members []*ast.MappingValueNode, depth int) (*Node, error) {
	n := &Node{Kind: Object, Line: lineOf(in)}
	for _, m := range members {
		key, err := keyOf(m.Key)
		if err != nil {
			return nil, err
		}
		if n.Get(key.Name) != nil {
			return nil, wrong(key.Line, "the key %q is given twice", key.Name)
		}
		e, err := w.value(m.Value, depth+1)
		if err != nil {
			return nil, err
		}
		n.Keys, n.Elems = append(n.Keys, key), append(n.Elems, e)
	}
	if len(n.Keys) > 0 {
		n.Line = n.Keys[0].Line // where people see it begin
	}
	return n, nil
}

// keyOf reads a key. A number or a word such as true is the text that it is.
func keyOf(in ast.MapKeyNode) (Key, error) {
	switch in := in.(type) {
	case *ast.StringNode:
		return Key{in.Value, lineOf(in)}, nil
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return Key{in.GetToken().Value, lineOf(in)}, nil
	case *ast.MergeKeyNode:
		return Key{}, wrong(lineOf(in), "<< is not supported: write the keys out")
	}
	return Key{}, wrong(lineOf(in), "a key must be a word, not %s", strings.ToLower(in.Type().YAMLName()))
}

func scalar(in ast.Node) (*Node, error) {
	n := &Node{Kind: Scalar, Line: lineOf(in)}
	switch in := in.(type) {
	case *ast.NullNode:
		n.Kind = Null
	case *ast.StringNode:
		n.JSON = textOf(in)
	case *ast.LiteralNode:
		n.JSON = literal(in.Value.Value)
	case *ast.BoolNode:
		n.JSON = fmt.Append(nil, in.Value)
	case *ast.IntegerNode:
		if ambiguous(in.Token.Value) {
			return nil, wrong(n.Line, "%s: a number with a leading 0 is read as octal by some; write it without, or quote it", in.Token.Value)
		}
		n.JSON = fmt.Append(nil, in.Value)
	case *ast.FloatNode:
		return float(n, in)
	default:
		return nil, wrong(n.Line, "%s is not supported: want what JSON has too", in.GetToken().Value)
	}
	return n, nil
}

// textOf is a string. The parser takes plain numbers such as 1e3 and those of
// many digits for strings: they are numbers here.
func textOf(in *ast.StringNode) json.RawMessage {
	plain := in.Token.Type == token.StringType
	if in.Value != "" && plain && strings.Trim(in.Value, "+-.0123456789eE") == "" && json.Valid([]byte(in.Value)) {
		return json.RawMessage(in.Value)
	}
	return literal(in.Value)
}

// ambiguous reports whether digits begin with a 0 that YAML 1.1 takes for
// octal and most people for nothing.
func ambiguous(text string) bool {
	digits := strings.TrimLeft(text, "+-")
	return len(digits) > 1 && digits[0] == '0' && digits[1] >= '0' && digits[1] <= '9'
}

// float keeps the digits that were typed where they are JSON.
func float(n *Node, in *ast.FloatNode) (*Node, error) {
	if text := []byte(in.Token.Value); json.Valid(text) {
		n.JSON = text
		return n, nil
	}
	if math.IsInf(in.Value, 0) || math.IsNaN(in.Value) {
		return nil, wrong(n.Line, "%s is no number", in.Token.Value)
	}
	b, err := json.Marshal(in.Value)
	if err != nil {
		return nil, wrong(n.Line, "%s is no number", in.Token.Value)
	}
	n.JSON = b
	return n, nil
}
