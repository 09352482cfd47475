package static_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/providers/config"
	"github.com/openhostfactory/ohfp/shared/providers/providertest/statictest"
	"github.com/openhostfactory/ohfp/shared/providers/static"
)

func fromFile(c *config.Static) {
	unchecked(c)
	c.Hosts, c.HostsFile = nil, "hall"
}

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "hosts.yaml")
	rewrite(t, path, text)
	return path
}

func rewrite(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestHostsFile_is_read_again_when_it_changes(t *testing.T) {
	path := write(t, "- {name: a, address: 127.0.0.1}\n")
	s := statictest.NewSite(t, statictest.Setup{Hosts: 1, Config: fromFile, Options: func(o *static.Options) { o.Files = map[string]string{"hall": path} }})
	expectNames(t, made(t, s.Driver, wish(1, 1)), "a")
	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	rewrite(t, path, "- {name: b, address: 127.0.0.1}\n")
	if err := os.Chtimes(path, before.ModTime(), before.ModTime()); err != nil { // the same size and time stamp
		t.Fatal(err)
	}
	expectNames(t, made(t, s.Driver, wish(2, 1)), "b")
}

func TestHostsFile_that_cannot_be_used_is_told_with_the_remedy(t *testing.T) {
	cases := []struct {
		name, text, message string
	}{
		{"unknown key", "- {name: a, adress: 127.0.0.1}\n", `hosts_file "hall" is not valid: hosts[0].adress: unknown key; did you mean "address"?; hosts[0].address: required`},
		{"no list", "name: a\n", `hosts_file "hall" is not valid: hosts: want a list of hosts`},
		{"an alias", "- &a {name: a, address: 127.0.0.1}\n- *a\n", `hosts_file "hall" is not valid: hosts: YAML anchors and aliases are not supported`},
		{"two of one name", "- {name: a, address: 127.0.0.1}\n- {name: a, address: 127.0.0.2}\n", `hosts_file "hall" is not valid: hosts[1].name: "a" is the name of hosts[0] too`},
		{"a metadata address", "- {name: a, address: 169.254.169.254}\n", `hosts_file "hall" is not valid: hosts[0].address: this address is never called: 169.254.169.254 is link-local, where clouds serve instance credentials`},
		{"too long", strings.Repeat("#", config.MaxHostsFile+1), `hosts_file "hall" is not valid: it is longer than 4194304 bytes`},
		{"no such file", "", `hosts_file "hall" cannot be read`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "none")
			if c.text != "" {
				path = write(t, c.text)
			}
			s := statictest.NewSite(t, statictest.Setup{Hosts: 1, Config: fromFile, Options: func(o *static.Options) { o.Files = map[string]string{"hall": path} }})
			_, err := s.Driver.Create(t.Context(), wish(1, 1))
			if p := expectError(t, err, fault.OfferingConfig, false); p.Message != c.message {
				t.Errorf("got  %q\nwant %q", p.Message, c.message)
			}
			h, err := s.Driver.Health(t.Context())
			if err != nil || h.State != broker.Unhealthy || h.Message != c.message {
				t.Errorf("health: %+v, %v", h, err)
			}
		})
	}
}

func TestHostsFile_that_the_broker_does_not_know_is_told(t *testing.T) {
	s := statictest.NewSite(t, statictest.Setup{Hosts: 1, Config: fromFile})
	_, err := s.Driver.Create(t.Context(), wish(1, 1))
	p := expectError(t, err, fault.OfferingConfig, false)
	if p.Message != `hosts_file "hall" is not named in the broker's configuration file` {
		t.Errorf("got %q", p.Message)
	}
}

// Machines are leases: without the list of hosts they can still be returned.
func TestHostsFile_is_not_needed_to_find_and_return_machines(t *testing.T) {
	path := write(t, "- {name: a, address: 127.0.0.1}\n")
	s := statictest.NewSite(t, statictest.Setup{Hosts: 1, Config: fromFile, Options: func(o *static.Options) { o.Files = map[string]string{"hall": path} }})
	machines := made(t, s.Driver, wish(1, 1))
	rewrite(t, path, "nonsense")
	found, err := s.Driver.Find(t.Context(), wish(1, 1))
	if err != nil || len(found) != 1 || !strings.Contains(found[0].Message, "not valid") {
		t.Errorf("found %+v, %v", found, err)
	}
	got, err := s.Driver.Status(t.Context(), []string{machines[0].ID})
	if err != nil || got[0].Status != broker.MachineRunning || !strings.Contains(got[0].Message, "not valid") {
		t.Errorf("status %+v, %v", got, err)
	}
	r, err := s.Driver.Terminate(t.Context(), []string{machines[0].ID})
	if err != nil || !r[0].Terminated {
		t.Errorf("returned %+v, %v", r, err)
	}
}
