package localhost

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/op"
	"github.com/openhostfactory/ohfp/shared/wire"
)

// route is an operation at a path.
type route struct {
	endpoint  *op.Endpoint
	methods   []string
	typeGiven string // the type in the path; "" for none
}

// table lays operations out by path.
func table(endpoints []op.Endpoint) (map[string]route, error) {
	routes := make(map[string]route, len(endpoints))
	for i := range endpoints {
		rt := route{endpoint: &endpoints[i]}
		at := op.Routes(rt.endpoint.Spec)
		if len(at) == 0 {
			continue // a step or schedule: workflows call it, not people
		}
		for _, r := range at {
			rt.methods = append(rt.methods, r.Method)
		}
		if _, taken := routes[at[0].Path]; taken {
			return nil, fmt.Errorf("two operations at %s", at[0].Path)
		}
		if limit := rt.endpoint.Spec.Timeout; limit > longestHandler {
			return nil, fmt.Errorf("operation %q may take %s, more than the %s after which a connection is given up", rt.endpoint.Spec.Name, limit, longestHandler)
		}
		routes[at[0].Path] = rt
	}
	return routes, nil
}

// route finds what r asks for. not_found names the nearest path; a wrong
// method is a [*wrongMethod].
func (s *Server) route(r *http.Request) (route, error) {
	rt, ok := s.routes[r.URL.Path]
	if !ok {
		rt, ok = s.typed(r.URL.Path)
	}
	if !ok {
		return route{}, s.notFound(r.URL.Path)
	}
	return rt, allowMethod(r, rt.methods...)
}

func (s *Server) typed(path string) (route, bool) {
	kind, found := op.TypeInPath(path)
	rt, known := s.routes[op.CommandPath+op.TypedOperation]
	if !found || !known {
		return route{}, false
	}
	rt.typeGiven = kind
	return rt, true
}

// notFound is the answer to a path that is not there: it names the nearest.
func (s *Server) notFound(path string) error {
	name := path[strings.LastIndexByte(path, '/')+1:]
	hint := "GET " + openAPIPath + " lists what there is."
	if near := s.nearest(path, name); near != "" {
		hint = fmt.Sprintf("Did you mean %s %s?", s.routes[near].methods[0], near)
	}
	return fault.New(fault.NotFound, "There is nothing at %q. %s", op.Shortened(path), hint)
}

func (s *Server) nearest(path, name string) string {
	known := s.paths()
	for _, p := range known {
		if strings.EqualFold(s.routes[p].endpoint.Spec.Name, name) {
			return p
		}
	}
	return wire.Nearest(path, known)
}

func (s *Server) paths() []string {
	paths := make([]string, 0, len(s.routes))
	for p := range s.routes {
		paths = append(paths, p)
	}
	slices.Sort(paths)
	return paths
}

// wrongMethod is a request by a method that the path does not take.
type wrongMethod struct {
	fault *fault.Error
	allow string
}

func (e *wrongMethod) Error() string { return e.fault.Error() }
func (e *wrongMethod) Unwrap() error { return e.fault }

func allowMethod(r *http.Request, methods ...string) error {
	if slices.Contains(methods, r.Method) {
		return nil
	}
	allow := strings.Join(methods, ", ")
	return &wrongMethod{
		fault: fault.New(fault.InvalidRequest, "%s takes %s, not %s.", op.Shortened(r.URL.Path), strings.Join(methods, " or "), op.Shortened(r.Method)),
		allow: allow,
	}
}
