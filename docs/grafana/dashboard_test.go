package grafana_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

type source struct{ Type, UID string }

type target struct {
	RefID         string
	Datasource    source
	Expr          string // of Prometheus
	LegendFormat  string
	QueryMode     string // of CloudWatch, as what follows
	Expression    string
	Region        string
	LogGroupNames []string
}

type panel struct {
	ID                       int
	Type, Title, Description string
	Datasource               source
	GridPos                  struct{ X, Y, W, H int }
	FieldConfig              struct{ Defaults struct{ Unit string } }
	Targets                  []target
}

type variable struct {
	Name, Type string
	Query      any
	Datasource source
}

// dashboard is what is looked at of one.
type dashboard struct {
	ID            *int
	UID, Title    string
	SchemaVersion int
	Templating    struct{ List []variable }
	Panels        []panel

	text string
}

func load(t *testing.T, file string) *dashboard {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	d := &dashboard{text: string(text)}
	if err := json.Unmarshal(text, d); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return d
}

func (d *dashboard) variable(name string) *variable {
	i := slices.IndexFunc(d.Templating.List, func(v variable) bool { return v.Name == name })
	if i < 0 {
		return nil
	}
	return &d.Templating.List[i]
}

// targets are those of all panels.
func (d *dashboard) targets() (all []target) {
	for _, p := range d.Panels {
		all = append(all, p.Targets...)
	}
	return all
}

func each(t *testing.T, look func(t *testing.T, d *dashboard)) {
	t.Helper()
	files, err := filepath.Glob("*.json")
	if err != nil || len(files) != 2 {
		t.Fatalf("want two dashboards, got %v, %v", files, err)
	}
	for _, file := range files {
		t.Run(file, func(t *testing.T) { look(t, load(t, file)) })
	}
}

func TestDashboards_can_be_imported_beside_others(t *testing.T) {
	seen := map[string]string{}
	each(t, func(t *testing.T, d *dashboard) {
		t.Helper()
		if d.ID != nil || d.UID == "" || d.Title == "" || d.SchemaVersion == 0 {
			t.Errorf("id %v, uid %q, title %q, schema %d", d.ID, d.UID, d.Title, d.SchemaVersion)
		}
		for _, name := range []string{d.UID, d.Title} {
			if other := seen[name]; other != "" {
				t.Errorf("%q is the name of %s too", name, other)
			}
			seen[name] = d.UID
		}
	})
}

func TestPanels_say_what_they_show(t *testing.T) {
	each(t, func(t *testing.T, d *dashboard) {
		t.Helper()
		ids, titles := map[int]bool{}, map[string]bool{}
		for _, p := range d.Panels {
			if ids[p.ID] || titles[p.Title] || p.ID == 0 || p.Title == "" {
				t.Errorf("panel %d %q: its id and its title must be its own", p.ID, p.Title)
			}
			ids[p.ID], titles[p.Title] = true, true
			if p.Type == "row" {
				continue
			}
			if !strings.HasSuffix(p.Description, ".") || len(p.Targets) == 0 {
				t.Errorf("%q: description %q, %d queries", p.Title, p.Description, len(p.Targets))
			}
			if p.FieldConfig.Defaults.Unit == "" && p.Type != "table" {
				t.Errorf("%q has no unit", p.Title)
			}
			refs := map[string]bool{}
			for _, q := range p.Targets {
				if q.RefID == "" || refs[q.RefID] {
					t.Errorf("%q: two queries are called %q", p.Title, q.RefID)
				}
				refs[q.RefID] = true
			}
		}
	})
}

func TestPanels_lie_side_by_side(t *testing.T) {
	const columns = 24
	each(t, func(t *testing.T, d *dashboard) {
		t.Helper()
		taken := map[[2]int]string{}
		for _, p := range d.Panels {
			g := p.GridPos
			if g.X < 0 || g.Y < 0 || g.W < 1 || g.H < 1 || g.X+g.W > columns {
				t.Errorf("%q lies at %+v", p.Title, g)
			}
			for x := g.X; x < g.X+g.W; x++ {
				for y := g.Y; y < g.Y+g.H; y++ {
					if other := taken[[2]int{x, y}]; other != "" {
						t.Fatalf("%q lies on %q", p.Title, other)
					}
					taken[[2]int{x, y}] = p.Title
				}
			}
		}
	})
}

var used = regexp.MustCompile(`\$\{?([a-z_]+)`)

// builtin are variables that Grafana sets.
var builtin = []string{"__rate_interval", "__range", "__all", "__period_auto"}

func TestQueries_name_sources_and_everything_else_by_variables(t *testing.T) {
	each(t, func(t *testing.T, d *dashboard) {
		t.Helper()
		if d.variable("provider") == nil {
			t.Error("there is no variable provider")
		}
		var sources []source
		for _, p := range d.Panels {
			if p.Type != "row" {
				sources = append(sources, p.Datasource)
			}
			for _, q := range p.Targets {
				sources = append(sources, q.Datasource)
				if q.QueryMode != "" && q.Region != "$region" {
					t.Errorf("%q asks the region %q", p.Title, q.Region)
				}
			}
		}
		for _, v := range d.Templating.List {
			if v.Type == "query" {
				sources = append(sources, v.Datasource)
			}
			if !regexp.MustCompile(`\$\{?` + v.Name + `\b`).MatchString(d.text) {
				t.Errorf("nothing uses the variable %s", v.Name)
			}
		}
		for _, s := range sources {
			v := d.variable(strings.Trim(s.UID, "${}"))
			if v == nil || v.Type != "datasource" || v.Query != s.Type || s.UID != "${"+v.Name+"}" {
				t.Errorf("the data source %+v is no variable", s)
			}
		}
		for _, m := range used.FindAllStringSubmatch(d.text, -1) {
			if d.variable(m[1]) == nil && !slices.Contains(builtin, m[1]) {
				t.Errorf("$%s is no variable", m[1])
			}
		}
		if m := regexp.MustCompile(`\b\d{12}\b|arn:aws|https?://`).FindString(d.text); m != "" {
			t.Errorf("%s is somebody's own", m)
		}
	})
}
