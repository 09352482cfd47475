package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/openhostfactory/ohfp/examples/site"
)

// poolFiles are the registrations of the play, in the order of preference.
var poolFiles = [...]string{"pool-a.json", "pool-b.json", "spare.json"}

// holding is how long a host may keep its answer to itself: long enough for the
// broker to be looked at and killed meanwhile.
const holding = 10 * time.Second

// stage holds what the steps share.
type stage struct {
	out     *screen
	dir     string // removed at the end
	pools   map[string]*site.Pool
	broker  *site.Broker
	client  *client
	summary [][2]string

	// What earlier steps left for later ones.
	open    []machine // machines that are ours, in the order in which we got them
	crashed string    // the operation that the broker was killed in
}

// openStage makes the directory of the play, opens the ports of the pools and
// writes their registrations with those ports into it. Nothing is started yet.
func openStage(out *screen, bin, examples string) (_ *stage, err error) {
	ohfp, err := binary(bin, "ohfp")
	if err != nil {
		return nil, err
	}
	ohfpd, err := binary(bin, "ohfpd")
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "ohfp-demo-")
	if err != nil {
		return nil, fmt.Errorf("making a directory for the play: %w", err)
	}
	s := &stage{out: out, dir: dir, pools: map[string]*site.Pool{}}
	s.broker = &site.Broker{Path: ohfpd, Dir: filepath.Join(dir, "data")}
	s.client = &client{path: ohfp, dir: dir, out: out}
	if err := errors.Join(s.keepPort(), s.openPools(examples)); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

// keepPort chooses where the broker listens: nobody else does, while it is dead.
func (s *stage) keepPort() error {
	port, _, err := site.Keep("127.0.0.1", 0) // until the process ends
	s.broker.Listen = net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	return err
}

func binary(dir, name string) (string, error) {
	path, err := filepath.Abs(filepath.Join(dir, name))
	if err != nil {
		return "", fmt.Errorf("finding %s: %w", name, err)
	}
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("%s is not built (make build): %w", name, err)
	}
	return path, nil
}

func (s *stage) openPools(examples string) error {
	for _, name := range poolFiles {
		p, err := site.OpenPool(filepath.Join(examples, name), true)
		if err != nil {
			return err
		}
		s.pools[p.Registration.Name] = p
		p.Registration.SetTimeout(holding)
		if err := p.Registration.WriteFile(filepath.Join(s.dir, name)); err != nil {
			return fmt.Errorf("writing a pool: %w", err)
		}
	}
	raw, err := os.ReadFile(filepath.Join(examples, "template-web.json"))
	if err != nil {
		return fmt.Errorf("reading the template: %w", err)
	}
	return os.WriteFile(filepath.Join(s.dir, "template-web.json"), raw, 0o600)
}

// close ends what runs and removes what was written.
func (s *stage) close() error {
	errs := []error{s.broker.Kill()}
	for _, p := range s.pools {
		errs = append(errs, p.Close())
	}
	return errors.Join(append(errs, os.RemoveAll(s.dir))...)
}

// happened adds a row to the table at the end.
func (s *stage) happened(what, then string) { s.summary = append(s.summary, [2]string{what, then}) }
