package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// finishing is how long a restarted broker may take to end what it found.
const finishing = time.Minute

func killMidCreate(ctx context.Context, s *stage) error {
	held, release := s.pools["pool-b"].Hold()
	defer release()
	s.out.note("pool-b takes connections now and keeps its answers to itself: a create that reaches it waits")
	a, err := s.client.show(ctx, "executeProviderOperation", "--async", "--data", create(5))
	if err != nil {
		return err
	}
	if err := a.ended(0); err != nil {
		return err
	}
	if s.crashed, err = a.operation(); err != nil {
		return err
	}
	select {
	case <-held:
	case <-time.After(finishing):
		return errors.New("expected the create to reach pool-b, saw nobody there")
	}
	return s.killBroker(ctx)
}

// killBroker kills the daemon and makes sure that it is gone.
func (s *stage) killBroker(ctx context.Context) error {
	if err := s.inTheAir(ctx); err != nil {
		return err
	}
	s.out.command(fmt.Sprintf("kill -KILL %d    # ohfpd", s.broker.PID()))
	if err := s.broker.Kill(); err != nil {
		return err
	}
	a, err := s.client.show(ctx, "getOperation", "--operation-id", s.crashed)
	if err != nil {
		return err
	}
	if err := a.ended(3); err != nil { // 3: no broker there
		return err
	}
	s.out.ok("the broker is gone")
	return nil
}

// inTheAir checks that the create is where it is to be interrupted: the first
// pool has given its machines, the second was asked and has not answered.
func (s *stage) inTheAir(ctx context.Context) error {
	var o operation
	if err := s.client.ask(ctx, &o, "getOperation", "--operation-id", s.crashed); err != nil {
		return err
	}
	last := o.Attempts[max(0, len(o.Attempts)-1):]
	if len(last) == 0 || last[0].Provider != "pool-b" || last[0].Outcome != "SENT" {
		return fmt.Errorf("expected the newest attempt to be SENT to pool-b, saw %v", last)
	}
	if err := want("machines made so far", 3, o.Result.Created); err != nil {
		return err
	}
	s.out.note("3 of 5 machines are made, and the attempt at pool-b is in the air")
	return nil
}

func finishAfterRestart(ctx context.Context, s *stage) error {
	if err := s.startBroker(ctx); err != nil {
		return err
	}
	began := time.Now()
	var o operation
	err := s.await(ctx, finishing, func() (bool, error) {
		err := s.client.ask(ctx, &o, "getOperation", "--operation-id", s.crashed)
		return o.Status != "RUNNING" && o.Status != "UNKNOWN", err
	})
	if err != nil {
		return fmt.Errorf("expected operation %s to end by itself, saw it %s: %w", s.crashed, o.Status, err)
	}
	if _, err := s.client.show(ctx, "getOperation", "--operation-id", s.crashed); err != nil {
		return err
	}
	if err := s.created(o, "SUCCEEDED", map[string]int{"pool-a": 3, "pool-b": 2}); err != nil {
		return err
	}
	s.out.ok("it ended %.1f s after the restart: %s", time.Since(began).Seconds(), tally(byProvider(o.Result.Machines)))
	s.happened("the broker was killed with SIGKILL in the middle of a create of 5, and started again",
		fmt.Sprintf("%s, with %s", o.Status, tally(byProvider(o.Result.Machines))))
	return nil
}

// countHosts asks for one machine more than there are free hosts. Had the
// crash leaked a lease there would be fewer than are left, had it lost one
// there would be more.
func countHosts(ctx context.Context, s *stage) error {
	if _, err := s.statusOf(ctx); err != nil {
		return err
	}
	hosts := 0
	for _, p := range s.pools {
		hosts += len(p.Registration.Hosts())
	}
	left := hosts - len(s.open)
	s.out.note("%d hosts, %d in use: %d are left, and one more is asked for", hosts, len(s.open), left)
	o, err := s.execute(ctx, 1, create(left+1))
	if err != nil {
		return err
	}
	if err := s.created(o, "PARTIAL", map[string]int{"pool-b": 2, "spare": 3}); err != nil {
		return err
	}
	s.out.ok("exactly %d were left: %s", left, tally(byProvider(o.Result.Machines)))
	s.happened(fmt.Sprintf("%d were left and %d wanted", left, left+1), fmt.Sprintf("%s: %s", o.Status, tally(byProvider(o.Result.Machines))))
	return nil
}

func returnAll(ctx context.Context, s *stage) error {
	n := len(s.open)
	if err := s.terminateAll(ctx); err != nil {
		return err
	}
	s.out.ok("all %d hosts are free again", n)
	s.happened("everything was terminated", fmt.Sprintf("%d hosts are free again", n))
	return nil
}
