package localhost

import (
	"net/http"
	"strings"

	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/op"
)

// identify returns who sent r: the holder of its bearer token or, without
// one, the common name of its client certificate. unauthenticated, forbidden.
func (s *Server) identify(r *http.Request) (Principal, error) {
	sent := r.Header.Values("Authorization")
	if len(sent) == 0 {
		return s.certified(r)
	}
	scheme, token, _ := strings.Cut(sent[0], " ")
	if len(sent) > 1 || !strings.EqualFold(scheme, "Bearer") {
		return Principal{}, fault.New(fault.Unauthenticated, "The Authorization header must be one bearer token: \"Authorization: Bearer TOKEN\".")
	}
	who, ok := s.cfg.Auth.Who(strings.TrimSpace(token))
	if !ok {
		return Principal{}, fault.New(fault.Unauthenticated, "The bearer token is not one of this broker. Use the one in the file token of its data directory.")
	}
	return who, nil
}

func (s *Server) certified(r *http.Request) (Principal, error) {
	if r.TLS == nil || len(r.TLS.VerifiedChains) == 0 {
		return Principal{}, fault.New(fault.Unauthenticated, "The request has no bearer token. Send \"Authorization: Bearer TOKEN\" with the one in the file token of the broker's data directory.")
	}
	name := r.TLS.VerifiedChains[0][0].Subject.CommonName
	role, ok := s.cfg.Roles[name]
	if !ok {
		return Principal{}, fault.New(fault.Forbidden, "The client certificate of %q has no role. Add the name under roles in ohfpd's configuration file.", op.Shortened(name))
	}
	return Principal{Name: name, Role: role}, nil
}

// permit checks the role. forbidden names the one that is needed.
func permit(who Principal, spec op.Spec) error {
	if who.Role >= spec.Role {
		return nil
	}
	return fault.New(fault.Forbidden, "%s needs the role %s; %q has the role %s.", spec.Name, roleName(spec.Role), who.Name, roleName(who.Role))
}
