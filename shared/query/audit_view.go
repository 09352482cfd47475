package query

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/openhostfactory/ohfp/shared/broker"
)

func auditLine(e *broker.AuditEvent) AuditLine {
	return AuditLine{
		ID: e.ID, Time: broker.Time{Time: e.At}, Principal: e.Actor.Principal, Operation: e.Operation,
		SubjectKind: e.Subject, SubjectName: e.Name, Action: e.Action, Summary: summary(e),
		SourceIP: e.Actor.SourceIP, RequestID: e.Actor.RequestID, Changes: append([]broker.Change{}, e.Changes...), Omitted: e.Omitted,
	}
}

// mostInSummary is how many changes a summary tells.
const mostInSummary = 3

// summary is what an entry says for people: what was created or removed, they
// know by its name; of a change, the fields that lie least deep come first.
func summary(e *broker.AuditEvent) string {
	if e.Action != broker.AuditChanged {
		return string(e.Action)
	}
	changes := slices.Clone(e.Changes)
	slices.SortStableFunc(changes, func(a, b broker.Change) int { return strings.Count(a.Field, ".") - strings.Count(b.Field, ".") })
	var parts []string
	for i := range changes[:min(len(changes), mostInSummary)] {
		parts = append(parts, told(&changes[i]))
	}
	if more := len(changes) + e.Omitted - len(parts); more > 0 {
		parts = append(parts, fmt.Sprintf("%d more", more))
	}
	return strings.Join(parts, "; ")
}

func told(c *broker.Change) string {
	if c.Hidden {
		return c.Field + " changed"
	}
	return c.Field + ": " + brief(c.From) + " -> " + brief(c.To)
}

// brief is a value in so many letters.
func brief(v any) string {
	const most = 40
	text, isText := v.(string)
	if v == nil {
		return "(none)"
	}
	if !isText || text == "" {
		raw, err := json.Marshal(v)
		if err != nil { // it came from JSON
			return "?"
		}
		text = string(raw)
	}
	if r := []rune(text); len(r) > most {
		return string(r[:most]) + "..."
	}
	return text
}
