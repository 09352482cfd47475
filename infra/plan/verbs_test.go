package plan

import (
	"go/ast"
	"go/constant"
	"go/types"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/go/packages"

	"github.com/openhostfactory/ohfp/shared/store/schema"
)

const module = "github.com/openhostfactory/ohfp/"

// sources are what functions of the rooms use: by the full name of each, the
// functions and methods of the module that it mentions.
type sources struct {
	uses  map[string][]string
	ports map[string]string   // methods of interfaces, with their bare names
	roots map[string][]string // what an operation's definition mentions
	store map[string]bool     // methods of the store
}

// read reads the rooms of the functions from their sources.
func read(t *testing.T) *sources {
	t.Helper()
	const everything = packages.NeedName | packages.NeedFiles | packages.NeedImports | packages.NeedTypes | packages.NeedSyntax | packages.NeedTypesInfo | packages.NeedDeps
	rooms, err := packages.Load(&packages.Config{Mode: everything, Context: t.Context()},
		module+"shared/catalog", module+"shared/store/dynamo", module+"shared/providers/static", module+"shared/providers/aws")
	if err != nil {
		t.Fatal(err)
	}
	if packages.PrintErrors(rooms) > 0 {
		t.Fatal("the rooms do not compile")
	}
	s := &sources{uses: map[string][]string{}, ports: map[string]string{}, roots: map[string][]string{}, store: map[string]bool{}}
	packages.Visit(rooms, nil, func(p *packages.Package) {
		switch {
		case p.PkgPath == module+"shared/store/dynamo":
			methods := types.NewMethodSet(types.NewPointer(p.Types.Scope().Lookup("Store").Type()))
			for m := range methods.Methods() {
				s.store[m.Obj().Name()] = true
			}
		case strings.HasPrefix(p.PkgPath, module):
			for _, f := range p.Syntax {
				s.file(p, f)
			}
		}
	})
	return s
}

func (s *sources) file(p *packages.Package, f *ast.File) {
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Body != nil {
				s.uses[p.TypesInfo.Defs[d.Name].(*types.Func).FullName()] = s.mentioned(p, d.Body)
			}
		case *ast.GenDecl:
			ast.Inspect(d, func(n ast.Node) bool {
				if c, ok := n.(*ast.CallExpr); ok {
					s.definition(p, c)
				}
				return true
			})
		}
	}
}

// definition takes op.Define(op.Spec{Name: …}, Service.method).
func (s *sources) definition(p *packages.Package, c *ast.CallExpr) {
	sel, ok := c.Fun.(*ast.SelectorExpr)
	if !ok || sel.Sel.Name != "Define" || len(c.Args) != 2 {
		return
	}
	for _, e := range c.Args[0].(*ast.CompositeLit).Elts {
		if kv := e.(*ast.KeyValueExpr); kv.Key.(*ast.Ident).Name == "Name" {
			s.roots[constant.StringVal(p.TypesInfo.Types[kv.Value].Value)] = s.mentioned(p, c.Args[1])
		}
	}
}

func (s *sources) mentioned(p *packages.Package, n ast.Node) []string {
	var out []string
	ast.Inspect(n, func(n ast.Node) bool {
		name, ok := n.(*ast.Ident)
		if !ok {
			return true
		}
		f, ok := p.TypesInfo.Uses[name].(*types.Func)
		if !ok || f.Pkg() == nil || !strings.HasPrefix(f.Pkg().Path(), module) {
			return true
		}
		f = f.Origin()
		if r := f.Signature().Recv(); r != nil && types.IsInterface(r.Type()) {
			s.ports[f.FullName()] = f.Name()
		}
		out = append(out, f.FullName())
		return true
	})
	return out
}

// reached are the verbs that can be reached from what is mentioned.
func (s *sources) reached(from []string) []string {
	seen, found := map[string]bool{}, map[string]bool{}
	var walk func([]string)
	walk = func(names []string) {
		for _, n := range names {
			if seen[n] {
				continue
			}
			seen[n] = true
			if verb, ok := s.ports[n]; ok && (s.store[verb] || ofWorkflows(verb)) {
				found[verb] = true
			}
			walk(s.uses[n])
		}
	}
	walk(from)
	return slices.Sorted(maps.Keys(found))
}

// all are the functions of a package.
func (s *sources) all(room string) []string {
	var out []string
	for name := range s.uses {
		if strings.HasPrefix(strings.TrimLeft(name, "(*"), module+room+".") {
			out = append(out, name)
		}
	}
	return out
}

func TestFunctionsMayCarryOutTheVerbsThatTheirHandlersReach(t *testing.T) {
	s := read(t)
	got := map[string][]string{}
	for name, from := range s.roots {
		got[name] = s.reached(from)
	}
	if diff := cmp.Diff(got, verbs()); diff != "" {
		t.Errorf("verbs (-the sources reach +the plan says):\n%s", diff)
	}
	drivers := map[string][]string{}
	for _, kind := range Kinds() {
		drivers[kind] = s.reached(s.all("shared/providers/" + kind))
	}
	if diff := cmp.Diff(drivers, driverVerbs()); diff != "" {
		t.Errorf("verbs of drivers (-the sources reach +the plan says):\n%s", diff)
	}
	if diff := cmp.Diff(s.reached([]string{module + "shared/command.once"}), keyVerbs()); diff != "" {
		t.Errorf("verbs of idempotency keys (-the sources reach +the plan says):\n%s", diff)
	}
	if diff := cmp.Diff(s.reached([]string{module + "shared/command.unlessFrozen"}), frozenVerbs()); diff != "" {
		t.Errorf("verbs of the frozen mode (-the sources reach +the plan says):\n%s", diff)
	}
}

func TestTheItemsOfEveryTransactionAreSaid(t *testing.T) {
	for _, v := range schema.Verbs() {
		_, said := items()[v.Name]
		if transacts := slices.Contains(named(v.Call, "TransactWriteItems"), "TransactWriteItems"); transacts != said {
			t.Errorf("%s: it transacts: %v, and its items are said: %v", v.Name, transacts, said)
		}
	}
}
