package show

import (
	"slices"
	"strings"
)

// first holds, by the name of a list, what people look for first. Other
// columns follow while there is room.
var first = map[string][]string{
	"providers":  {"name", "provider_name", "provider_type", "status", "state", "is_healthy", "health.state", "enabled", "priority", "weight", "zone", "in_flight", "status_message", "health.status_message"},
	"machines":   {"machine_id", "name", "provider_name", "status", "terminated", "private_ip", "public_ip", "instance_type", "zone", "launch_time", "message"},
	"operations": {"operation_id", "operation_type", "status", "provider_name", "template_id", "wanted", "created", "created_at", "duration_ms", "message"},
	"templates":  {"template_id", "max_number", "machine_types", "attributes", "image", "price_type", "selection_policy", "version", "updated_at"},
	"candidates": {"rank", "provider_name", "rule", "value", "threshold", "detail", "data_age_ms"},
	"attempts":   {"attempt", "provider_name", "outcome", "state", "class", "code", "count", "machines", "message", "started_at", "duration_ms"},
	"checks":     {"name", "ok", "message"},
	"history":    {"checked_at", "state", "message", "response_time_ms"},
	"errors":     {"field", "message"},
}

// widest is how many columns of a terminal one cell takes before it is cut,
// when the table would not fit otherwise.
const widest = 40

// flatten adds the members of the objects in a row to the row itself, one
// level deep: health.state. Large ones stay a cell.
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

// grid is a table before it is drawn.
type grid struct {
	columns []string
	cells   [][]string
	left    []string // columns that had no room
}

// layout chooses the columns of a table: those that say something in some row,
// those of first before the others, as many as fit.
func (p *printer) layout(name string, rows []value) grid {
	var g grid
	for _, key := range inOrder(name, rows) {
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

func inOrder(name string, rows []value) []string {
	var present []string
	for _, r := range rows {
		for _, key := range r.keys {
			if !slices.Contains(present, key) {
				present = append(present, key)
			}
		}
	}
	var order []string
	for _, key := range first[name] {
		if slices.Contains(present, key) {
			order = append(order, key)
		}
	}
	for _, key := range present {
		if !slices.Contains(order, key) {
			order = append(order, key)
		}
	}
	return order
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
	w := columns(heading(g.columns[column]))
	for _, row := range g.cells {
		w = max(w, columns(row[column]))
	}
	return w
}

// heading is a key as the head of a column.
func heading(key string) string {
	return strings.ToUpper(Printable(strings.NewReplacer("_", " ", ".", " ").Replace(key)))
}
