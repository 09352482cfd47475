package dynamo

import (
	"encoding/hex"
	"maps"
	"strconv"
	"strings"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// attributes is an item as DynamoDB has it.
type attributes = map[string]types.AttributeValue

// expression is a condition with, for an update, what changes. Attributes are
// always written as placeholders: many good names are reserved words.
type expression struct {
	names             map[string]string
	values            attributes
	sets, adds, drops []string
	conditions        []string
	err               error // the first value that could not be written
}

func newExpression() *expression {
	return &expression{names: map[string]string{}, values: attributes{}}
}

func (e *expression) name(attribute string) string {
	p := "#" + attribute
	if strings.ContainsFunc(attribute, special) {
		p = "#_" + hex.EncodeToString([]byte(attribute))
	}
	e.names[p] = attribute
	return p
}

// special reports what a placeholder may not contain.
func special(r rune) bool {
	letter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
	return !letter && r != '_' && (r < '0' || r > '9')
}

// value takes a string, a number, a bool, or a types.AttributeValue.
func (e *expression) value(v any) string {
	av, ok := v.(types.AttributeValue)
	if !ok {
		var err error
		if av, err = attributevalue.Marshal(v); err != nil && e.err == nil {
			e.err = err
		}
	}
	p := ":" + strconv.Itoa(len(e.values))
	e.values[p] = av
	return p
}

func (e *expression) set(attribute string, v any) {
	e.sets = append(e.sets, e.name(attribute)+" = "+e.value(v))
}

func (e *expression) add(attribute string, n int64) {
	e.adds = append(e.adds, e.name(attribute)+" "+e.value(n))
}

func (e *expression) remove(attribute ...string) {
	for _, a := range attribute {
		e.drops = append(e.drops, e.name(a))
	}
}

// when adds a condition: all of them must hold.
func (e *expression) when(condition string) { e.conditions = append(e.conditions, "("+condition+")") }

// compare writes a condition on a value: =, <>, <, <=, >.
func (e *expression) compare(attribute, op string, v any) string {
	return e.name(attribute) + " " + op + " " + e.value(v)
}

func (e *expression) absent(attribute string) string {
	return "attribute_not_exists(" + e.name(attribute) + ")"
}

func (e *expression) exists(attribute string) string {
	return "attribute_exists(" + e.name(attribute) + ")"
}

func either(conditions ...string) string { return strings.Join(conditions, " OR ") }

// signed returns e with what tells this write from others: by, and that it was
// not done already.
func (e *expression) signed(id string) *expression {
	out := *e
	out.names, out.values = maps.Clone(e.names), maps.Clone(e.values)
	out.sets, out.conditions = append([]string(nil), e.sets...), append([]string(nil), e.conditions...)
	out.set(attrBy, id)
	out.when(either(out.absent(attrBy), out.compare(attrBy, "<>", id)))
	return &out
}

func (e *expression) condition() *string {
	if len(e.conditions) == 0 {
		return nil
	}
	return awssdk.String(strings.Join(e.conditions, " AND "))
}

func (e *expression) update() *string {
	var clauses []string
	for _, c := range []struct {
		word  string
		parts []string
	}{{"SET ", e.sets}, {"ADD ", e.adds}, {"REMOVE ", e.drops}} {
		if len(c.parts) > 0 {
			clauses = append(clauses, c.word+strings.Join(c.parts, ", "))
		}
	}
	return awssdk.String(strings.Join(clauses, " "))
}

// placeholders are absent when there are none, as DynamoDB wants it.
func (e *expression) placeholders() (map[string]string, attributes) {
	names, values := e.names, e.values
	if len(names) == 0 {
		names = nil
	}
	if len(values) == 0 {
		values = nil
	}
	return names, values
}
