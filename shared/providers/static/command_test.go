//go:build unix

package static_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/providers/config"
	"github.com/openhostfactory/ohfp/shared/providers/providertest/statictest"
	"github.com/openhostfactory/ohfp/shared/providers/static"
)

// workshop is a site whose lease and return commands are shell scripts that
// note what they were told in a file.
type workshop struct {
	*statictest.Site
	dir string
}

const note = `echo "$OHFP_ACTION $OHFP_HOST" >> "$DIR/log"; `

func newWorkshop(t *testing.T, hosts int, lease, back string) workshop {
	t.Helper()
	dir := t.TempDir()
	script := func(text string) []string { return []string{"/bin/sh", "-c", note + text} }
	commands := map[string][]string{"prepare": script(lease)}
	if back != "" {
		commands["clean"] = script(back)
	}
	w := workshop{dir: dir}
	w.Site = statictest.NewSite(t, statictest.Setup{
		Hosts: hosts,
		Config: func(c *config.Static) {
			unchecked(c)
			c.LeaseCommand = "prepare"
			if back != "" {
				c.ReturnCommand = "clean"
			}
		},
		Options: func(o *static.Options) {
			o.Commands = commands
			o.CommandTimeout = time.Minute
			o.Environment = []string{"PATH=/usr/bin:/bin", "DIR=" + dir}
			o.TempDir = dir
		},
	})
	return w
}

// log is what commands ran, in any order within one call.
func (w workshop) log(t *testing.T) []string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(w.dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(strings.ReplaceAll(string(data), " ", ":"))
}

// left reports whether the commands have left a file.
func (w workshop) left(name string) func(*ending) bool {
	return func(*ending) bool {
		info, err := os.Stat(filepath.Join(w.dir, name))
		return err == nil && (info.Size() > 0 || name != "log")
	}
}

func (w workshop) expectLog(t *testing.T, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, w.log(t)); diff != "" {
		t.Errorf("commands (-want +got):\n%s", diff)
	}
}

func TestCommands_are_told_what_they_are_for(t *testing.T) {
	w := newWorkshop(t, 1,
		`env | grep ^OHFP_ | grep -v USER_DATA | sort > "$DIR/env"; cp "$OHFP_USER_DATA_FILE" "$DIR/data"; ls -l "$OHFP_USER_DATA_FILE" | cut -c1-10 > "$DIR/mode"`,
		`env | grep ^OHFP_ | sort > "$DIR/back"`)
	spec := wish(1, 1)
	spec.Template.UserData = "#!/bin/sh\necho 'hello'\n"
	m := made(t, w.Driver, spec)[0]
	if r, err := w.Driver.Terminate(t.Context(), []string{m.ID}); err != nil || !r[0].Terminated {
		t.Fatalf("got %+v, %v", r, err)
	}
	address := "OHFP_ADDRESS=" + w.Hosts[0].Address() + "\n"
	rest := "OHFP_HOST=host-00\nOHFP_MACHINE_ID=" + m.ID + "\nOHFP_OPERATION_ID=op-1\nOHFP_PROVIDER=pool-a\n"
	for file, want := range map[string]string{
		"env":  "OHFP_ACTION=lease\n" + address + rest,
		"back": "OHFP_ACTION=return\n" + address + rest,
		"data": "#!/bin/sh\necho 'hello'\n",
		"mode": "-rw-------\n",
	} {
		got, err := os.ReadFile(filepath.Join(w.dir, file))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, string(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", file, diff)
		}
	}
	left, err := filepath.Glob(filepath.Join(w.dir, "ohfp-user-data-*"))
	if err != nil || len(left) != 0 {
		t.Errorf("user data was left in %v, %v", left, err)
	}
}

func TestLeaseCommand_that_fails_gives_the_host_back(t *testing.T) {
	w := newWorkshop(t, 1, "echo a secret >&2; exit 3", "true")
	_, err := w.Driver.Create(t.Context(), wish(1, 1))
	p := expectError(t, err, fault.Server, false)
	if p.Message != `host "host-00": the command "prepare" failed: exit status 3` {
		t.Errorf("got %q", p.Message)
	}
	if p.Err == nil || !strings.Contains(p.Err.Error(), "a secret") {
		t.Errorf("the log does not get what the command said: %v", p.Err)
	}
	w.expectLog(t, "lease:host-00", "return:host-00")
	if l := w.Leases(); len(l) != 0 {
		t.Errorf("leases are left: %+v", l)
	}
}

func TestLeaseCommand_that_fails_on_one_host_leaves_the_next(t *testing.T) {
	w := newWorkshop(t, 3, `test "$OHFP_HOST" != host-00`, "true")
	expectNames(t, made(t, w.Driver, wish(1, 2)), "host-01", "host-02")
}

func TestLeaseCommand_that_fails_beside_others_is_a_part(t *testing.T) {
	w := newWorkshop(t, 2, `test "$OHFP_HOST" != host-00`, "true")
	r, err := w.Driver.Create(t.Context(), wish(1, 2))
	if err != nil {
		t.Fatal(err)
	}
	expectNames(t, r.Machines, "host-01")
	expectShortfall(t, r, fault.Server)
}

func TestLeaseCommand_whose_undoing_fails_says_so_and_frees_the_host(t *testing.T) {
	w := newWorkshop(t, 1, "false", "exit 4")
	_, err := w.Driver.Create(t.Context(), wish(1, 1))
	p := expectError(t, err, fault.Server, false)
	if p.Message != `host "host-00": the command "prepare" failed: exit status 1; the command "clean" failed: exit status 4` {
		t.Errorf("got %q", p.Message)
	}
	if l := w.Leases(); len(l) != 0 {
		t.Errorf("leases are left: %+v", l)
	}
}

// Whatever cuts a preparation off, no look-up ever shows a machine that
// lease_command has not finished.
func TestLeaseCommand_cut_off_by_the_deadline_leaves_no_machine(t *testing.T) {
	w := newWorkshop(t, 1, `test -f "$DIR/fast" || exec sleep 60`, "true")
	_, err := w.Driver.Create(endsOnce(t, w.left("log")), wish(1, 1))
	p := expectError(t, err, fault.Server, false)
	if !strings.Contains(p.Message, "did not end in time") {
		t.Errorf("got %q", p.Message)
	}
	if found, err := w.Driver.Find(t.Context(), wish(1, 1)); err != nil || len(found) != 0 {
		t.Errorf("found %+v, %v", found, err)
	}
	_, err = w.Driver.Create(t.Context(), wish(2, 1))
	expectError(t, err, fault.Capacity, false) // it is being prepared, as far as others know
	if err := os.WriteFile(filepath.Join(w.dir, "fast"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	made(t, w.Driver, wish(1, 1)) // the token takes up its own preparation
	w.expectLog(t, "lease:host-00", "lease:host-00")
}

func TestLeaseCommand_cut_off_frees_the_host_after_a_while(t *testing.T) {
	w := newWorkshop(t, 1, `test -f "$DIR/fast" || { touch "$DIR/fast"; exec sleep 60; }`, "true")
	_, err := w.Driver.Create(endsOnce(t, w.left("fast")), wish(1, 1))
	expectError(t, err, fault.Server, false)
	w.Clock.Advance(3 * time.Minute) // command and undoing, a minute each, and a minute
	made(t, w.Driver, wish(2, 1))
}

func TestLeaseCommand_takes_no_longer_than_commands_may(t *testing.T) {
	dir := t.TempDir()
	s := statictest.NewSite(t, statictest.Setup{
		Hosts:  1,
		Config: func(c *config.Static) { unchecked(c); c.LeaseCommand = "prepare" },
		Options: func(o *static.Options) {
			// The child holds the output open; its end must not be waited for.
			o.Commands = map[string][]string{"prepare": {"/bin/sh", "-c", "sleep 60 & wait"}}
			o.CommandTimeout, o.TempDir = 100*time.Millisecond, dir
		},
	})
	_, err := s.Driver.Create(t.Context(), wish(1, 1))
	p := expectError(t, err, fault.Server, false)
	if p.Message != `host "host-00": the command "prepare" did not end in time` {
		t.Errorf("got %q", p.Message)
	}
	if l := s.Leases(); len(l) != 0 {
		t.Errorf("leases are left: %+v", l)
	}
}

// The second write, which makes the machine, is lost: the token finds it.
func TestLeaseCommand_with_a_lost_reply_is_ambiguous_and_found(t *testing.T) {
	w := newWorkshop(t, 1, "true", "true")
	w.Book.Turn(statictest.Knobs{LoseFrom: 2})
	_, err := w.Driver.Create(t.Context(), wish(1, 1))
	expectError(t, err, fault.Server, true)
	w.Book.Turn(statictest.Knobs{})
	found, err := w.Driver.Find(t.Context(), wish(1, 1))
	if err != nil {
		t.Fatal(err)
	}
	expectNames(t, found, "host-00")
	made(t, w.Driver, wish(1, 1))
	w.expectLog(t, "lease:host-00")
}

func TestReturnCommand_that_fails_keeps_the_host_until_it_succeeds(t *testing.T) {
	w := newWorkshop(t, 1, "true", `test -f "$DIR/mended"`)
	m := made(t, w.Driver, wish(1, 1))[0]
	r, err := w.Driver.Terminate(t.Context(), []string{m.ID, "m-unknown"})
	if err != nil {
		t.Fatal(err)
	}
	want := []broker.MachineResult{
		{MachineID: m.ID, Provider: "pool-a", Message: `the command "clean" failed: exit status 1; the host stays leased`},
		{MachineID: "m-unknown", Provider: "pool-a", Terminated: true, Message: "no host of the pool is leased to it"},
	}
	if diff := cmp.Diff(want, r); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if err := os.WriteFile(filepath.Join(w.dir, "mended"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	r, err = w.Driver.Terminate(t.Context(), []string{m.ID})
	if err != nil || !r[0].Terminated {
		t.Errorf("got %+v, %v", r, err)
	}
}

func TestCommands_that_the_broker_does_not_know_are_told(t *testing.T) {
	s := statictest.NewSite(t, statictest.Setup{Hosts: 1, Config: func(c *config.Static) { unchecked(c); c.LeaseCommand = "prepare" }})
	const message = `the command "prepare" is not named in the broker's configuration file`
	_, err := s.Driver.Create(t.Context(), wish(1, 1))
	if p := expectError(t, err, fault.OfferingConfig, false); p.Message != message {
		t.Errorf("got %q", p.Message)
	}
	h, err := s.Driver.Health(t.Context())
	if err != nil || h.State != broker.Unhealthy || h.Message != message {
		t.Errorf("health: %+v, %v", h, err)
	}
	v, err := s.Driver.Validate(t.Context(), broker.ResolvedTemplate{})
	if err != nil || len(v.Errors) != 1 || v.Errors[0] != message {
		t.Errorf("validation: %+v, %v", v, err)
	}
}

func TestCommands_that_cannot_be_started_are_told(t *testing.T) {
	s := statictest.NewSite(t, statictest.Setup{
		Hosts:   1,
		Config:  func(c *config.Static) { unchecked(c); c.LeaseCommand = "prepare" },
		Options: func(o *static.Options) { o.Commands = map[string][]string{"prepare": {"/nowhere/prepare"}} },
	})
	_, err := s.Driver.Create(t.Context(), wish(1, 1))
	if p := expectError(t, err, fault.Server, false); p.Message != `host "host-00": the command "prepare" could not be started` {
		t.Errorf("got %q", p.Message)
	}
}
