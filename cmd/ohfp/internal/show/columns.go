package show

import (
	"slices"
	"strings"
)

// chosen holds, by the name of a list, the columns that people look for, in
// order of interest. A list that is not here shows all it has.
var chosen = map[string][]string{
	"providers":    {"name", "provider_type", "status", "state", "health.state", "enabled", "priority", "weight", "zone", "price_per_hour", "total_operations", "success_rate", "average_response_time_ms", "p95_ms", "failed_operations", "throttled", "machines", "availability", "series", "in_flight", "circuit_breaker.state", "health.circuit_breaker.state", "status_message", "health.status_message", "last_check_time", "health.last_check_time", "last_used_time", "searched_at", "next_at", "mode", "listed", "recorded", "terminated", "adopted", "lost", "beyond_limit", "error"},
	"found":        {"machine_id", "name", "fate", "done", "reason", "operation_id", "launch_time"},
	"machines":     {"machine_id", "name", "provider_name", "status", "terminated", "private_ip", "public_ip", "instance_type", "zone", "launch_time", "price_per_hour", "operation_id", "message"},
	"operations":   {"operation_id", "operation_type", "status", "provider_name", "template_id", "wanted", "created_at", "ended_at", "message"},
	"templates":    {"template_id", "provider_name", "estimated_cost_per_hour", "estimated_cost_per_unit_hour", "priced_at", "max_number", "attributes", "machine_types", "image", "price_type", "selection_policy", "version", "updated_at"},
	"capabilities": {"name", "declared", "verified", "same_as"},
	"candidates":   {"rank", "provider_name", "rule", "value", "threshold", "detail"},
	"attempts":     {"provider_name", "outcome", "class", "code", "count", "machines", "units", "message", "started_at", "duration_ms"},
	"audit_events": {"time", "principal", "operation", "subject_kind", "subject_name", "summary", "source_ip", "request_id"},
	"checks":       {"name", "ok", "message"},
	"history":      {"at", "state", "status_message", "source", "by", "response_time_ms"},
	"errors":       {"field", "message"},
}

// widest is how many columns of a terminal one cell takes before it is cut,
// when the table would not fit otherwise.
const widest = 40

// flatten adds the members of the objects in a row to the row itself, one
// level deep: tags.team. Large ones stay a cell.
func flatten(row value) value {
	const small = 6
	out := value{kind: object}
	for i, e := range row.elems {
		if e.kind != object || len(e.elems) > small || e.objects() {
			out.keys, out.elems = append(out.keys, row.keys[i]), append(out.elems, e)
			continue
		}
		for j, inner := range e.elems {
			out.keys, out.elems = append(out.keys, row.keys[i]+"."+e.keys[j]), append(out.elems, inner)
		}
	}
	return out
}

// pick makes a row of the chosen columns, which may lie deeper: health.state.
func pick(row value, columns []string) value {
	out := value{kind: object, keys: columns}
	for _, column := range columns {
		at := row
		for key := range strings.SplitSeq(column, ".") {
			at = at.get(key)
		}
		out.elems = append(out.elems, at)
	}
	return out
}

// grid is a table before it is drawn.
type grid struct {
	columns []string
	cells   [][]string
	left    []string // columns that had no room
}

// layout chooses the columns of a table: those that say something in some row,
// as many as fit.
func (p *printer) layout(name string, rows []value) grid {
	rows = slices.Clone(rows)
	for i, r := range rows {
		if columns, ok := chosen[name]; ok && slices.ContainsFunc(columns, r.has) {
			rows[i] = pick(r, columns)
		} else {
			rows[i] = flatten(r)
		}
	}
	var g grid
	for _, key := range union(rows) {
		if slices.ContainsFunc(rows, func(r value) bool { return p.cell(r.get(key)) != "" }) {
			g.columns = append(g.columns, key)
		}
	}
	for _, r := range rows {
		cells := make([]string, len(g.columns))
		for i, key := range g.columns {
			cells[i] = p.cell(r.get(key))
		}
		g.cells = append(g.cells, cells)
	}
	g.fit(p.Width)
	return g
}

// union is every key of some row, in order of appearance.
func union(rows []value) []string {
	var keys []string
	for _, r := range rows {
		for _, key := range r.keys {
			if !slices.Contains(keys, key) {
				keys = append(keys, key)
			}
		}
	}
	return keys
}

// fit drops columns at the right until the table is as wide as the terminal.
// One column always stays.
func (g *grid) fit(width int) {
	if width <= 0 {
		return
	}
	used, keep := 1, 0
	for i := range g.columns {
		used += min(g.width(i), widest) + 3 // two spaces and a line
		if used > width && i > 0 {
			break
		}
		keep++
	}
	g.left, g.columns = g.columns[keep:], g.columns[:keep]
	for i := range g.cells {
		g.cells[i] = g.cells[i][:keep]
	}
}

func (g *grid) width(column int) int {
	w := columns(g.heading(column))
	for _, row := range g.cells {
		w = max(w, columns(row[column]))
	}
	return w
}

// heading is a column's key as its head: no more of a path than tells it from
// the other columns.
func (g *grid) heading(column int) string {
	parts := strings.Split(g.columns[column], ".")
	short := g.columns[column]
	for n := 1; n < len(parts); n++ {
		suffix := strings.Join(parts[len(parts)-n:], ".")
		if !slices.ContainsFunc(g.columns, func(c string) bool {
			return c != g.columns[column] && (c == suffix || strings.HasSuffix(c, "."+suffix))
		}) {
			short = suffix
			break
		}
	}
	return strings.ToUpper(Printable(strings.NewReplacer("_", " ", ".", " ").Replace(short)))
}
