package plan

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/openhostfactory/ohfp/shared/store/schema"
)

// right is what one call may do: one action on one partition pattern of the
// table or of an index.
type right struct{ index, action, partition string }

// rightsOf are what verbs do to the table, without repetition.
func rightsOf(names []string) (map[right]bool, error) {
	known := map[string]schema.Verb{}
	for _, v := range schema.Verbs() {
		known[v.Name] = v
	}
	all := map[right]bool{}
	for _, name := range names {
		v, ok := known[name]
		if !ok {
			return nil, fmt.Errorf("the schema has no verb %s", name)
		}
		for _, pattern := range v.Reads {
			addRights(all, pattern, readsBy(v.Call))
		}
		for _, pattern := range v.Writes {
			addRights(all, pattern, writesBy(v, pattern))
		}
	}
	return all, nil
}

func addRights(all map[right]bool, pattern string, actions []string) {
	index, partition := partitionOf(pattern)
	for _, a := range actions {
		if index == "" || a == "Query" { // an index can only be queried
			all[right{index, a, partition}] = true
		}
	}
}

// readsBy are the actions in the words of a verb's calls that read.
func readsBy(call string) []string { return named(call, "GetItem", "BatchGetItem", "Query") }

// writesBy are the actions by which a verb writes what is of a pattern. Events,
// entries of the audit trail, and marks of days, are put and never touched
// again. What a call says in brackets is of those.
func writesBy(v schema.Verb, pattern string) []string {
	_, partition := partitionOf(pattern)
	if written(partition) {
		return []string{"PutItem"}
	}
	actions := slices.Concat(items()[v.Name], named(remarks.ReplaceAllString(v.Call, ""), "PutItem", "UpdateItem"))
	if slices.Contains(removes()[v.Name], partition) {
		actions = append(actions, "DeleteItem")
	}
	return actions
}

var remarks = regexp.MustCompile(`\([^)]*\)`)

// written reports whether items of a partition are put once and then left.
func written(partition string) bool {
	return strings.HasPrefix(partition, eventPrefix()) || strings.HasPrefix(partition, auditPrefix) || strings.HasPrefix(partition, dayPrefix)
}

// What partitions begin with: the audit trail's, and those of the days of every
// list.
const auditPrefix, dayPrefix = "AUD#", "DAY#"

func named(call string, actions ...string) []string {
	words := strings.FieldsFunc(call, func(c rune) bool { return (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') })
	return slices.DeleteFunc(actions, func(a string) bool { return !slices.Contains(words, a) })
}

// partitionOf reads a pattern of [schema.Verbs]: the index that it is of, and
// the partition with a star for each part that is not fixed.
func partitionOf(pattern string) (index, partition string) {
	partition = pattern
	if of, found := strings.CutPrefix(pattern, "index "); found {
		index, partition, _ = strings.Cut(of, ": ")
		partition, _, _ = strings.Cut(partition, ",")
	}
	partition, _, _ = strings.Cut(partition, "/")
	var out strings.Builder
	for {
		before, after, found := strings.Cut(partition, "<")
		out.WriteString(before)
		if !found {
			return index, out.String()
		}
		out.WriteString("*")
		_, partition, _ = strings.Cut(after, ">")
	}
}

// tableStatements allow rights: those on the table and those on each index
// apart, and of one resource the partitions with the same actions together.
// The condition holds every key that a call names, also those of each item of a
// transaction, to the partitions.
func tableStatements(n namer, rights map[right]bool) []Statement {
	type partition struct{ index, name string }
	actions := map[partition][]string{}
	for r := range rights {
		at := partition{r.index, r.partition}
		actions[at] = append(actions[at], "dynamodb:"+r.action)
	}
	type group struct{ index, actions string }
	groups := map[group][]string{}
	for at, list := range actions {
		slices.Sort(list)
		g := group{at.index, strings.Join(list, " ")}
		groups[g] = append(groups[g], at.name)
	}
	order := slices.SortedFunc(maps.Keys(groups), func(a, b group) int {
		return strings.Compare(a.index+" "+a.actions, b.index+" "+b.actions)
	})
	out := make([]Statement, len(order))
	for i, g := range order {
		slices.Sort(groups[g])
		out[i] = Statement{
			Sid: fmt.Sprintf("Table%d", i+1), Actions: strings.Split(g.actions, " "), Resources: []string{n.index(g.index)},
			Condition: map[string]map[string][]string{"ForAllValues:StringLike": {"dynamodb:LeadingKeys": groups[g]}},
		}
	}
	return out
}
