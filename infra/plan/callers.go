package plan

import (
	"slices"

	"github.com/openhostfactory/ohfp/shared/op"
)

// Callers is a role of callers as a policy that can be attached to whoever has
// it: the routes that the role has beyond those of the role before it.
type Callers struct {
	Name   string // of the policy
	Role   string
	Routes []Route
}

// callers are the roles that have routes of their own. Who has one has those
// before it too.
func callers(n namer, all []Function) []Callers {
	var out []Callers
	for role, name := range map[op.Role]string{op.Reader: "reader", op.Scheduler: "scheduler", op.Operator: "operator", op.Admin: "admin"} {
		c := Callers{Name: n.role("caller-" + name), Role: name}
		for _, f := range all {
			for _, r := range f.Routes {
				if r.Role == role {
					c.Routes = append(c.Routes, r)
				}
			}
		}
		if len(c.Routes) > 0 {
			out = append(out, c)
		}
	}
	slices.SortFunc(out, func(a, b Callers) int { return int(a.Routes[0].Role) - int(b.Routes[0].Role) })
	return out
}

// Scopes are the scopes of which a token needs one for a route: that of its
// role, or of one above.
func Scopes(r op.Role) []string {
	return []string{"ohfp/reader", "ohfp/scheduler", "ohfp/operator", "ohfp/admin"}[r:]
}
