package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
)

// execute shows an operation to the eye and returns its record.
func (s *stage) execute(ctx context.Context, status int, body string) (operation, error) {
	var o operation
	a, err := s.client.show(ctx, "executeProviderOperation", "--data", body)
	if err != nil {
		return o, err
	}
	if err := a.ended(status); err != nil {
		return o, err
	}
	id, err := a.operation()
	if err != nil {
		return o, err
	}
	return o, s.client.ask(ctx, &o, "getOperation", "--operation-id", id)
}

func create(count int) string {
	return fmt.Sprintf(`{"operation_type": "CREATE_INSTANCES", "parameters": {"template_id": "web", "count": %d}}`, count)
}

// onMachines is an operation on all machines that are ours.
func (s *stage) onMachines(operationType string) (string, error) {
	list, err := json.Marshal(ids(s.open))
	if err != nil {
		return "", fmt.Errorf("writing machine ids: %w", err)
	}
	return fmt.Sprintf(`{"operation_type": %q, "parameters": {"machine_ids": %s}}`, operationType, list), nil
}

// created checks a create: how it ended, where its machines are, and that no
// host was given twice, by this operation or across all.
func (s *stage) created(o operation, status string, places map[string]int) error {
	if err := want("status", status, o.Status); err != nil {
		return err
	}
	if err := wantPlaces(places, o.Result.Machines); err != nil {
		return err
	}
	s.open = append(s.open, o.Result.Machines...)
	return want("different hosts and machine ids", len(s.open), distinct(s.open))
}

func createAcrossPools(ctx context.Context, s *stage) error {
	o, err := s.execute(ctx, 0, create(5))
	if err != nil {
		return err
	}
	if err := s.created(o, "SUCCEEDED", map[string]int{"pool-a": 3, "pool-b": 2}); err != nil {
		return err
	}
	s.out.ok("%s", tally(byProvider(o.Result.Machines)))
	s.happened("5 machines were wanted, the first pool has 3 hosts", tally(byProvider(o.Result.Machines)))
	return nil
}

func goAroundClosedPool(ctx context.Context, s *stage) error {
	closed := s.pools["pool-b"]
	if err := closed.Close(); err != nil {
		return err
	}
	s.out.note("port %d of pool-b is closed now; pool-a has no host left", closed.Registration.Port())
	o, err := s.execute(ctx, 0, create(2))
	if err != nil {
		return err
	}
	if err := s.created(o, "SUCCEEDED", map[string]int{"spare": 2}); err != nil {
		return err
	}
	if err := refusedBy(o, "pool-b"); err != nil {
		return err
	}
	s.out.ok("pool-b refused the connection, spare stepped in")
	s.happened("pool-b stopped answering, 2 more were wanted", tally(byProvider(o.Result.Machines))+", in the same operation")
	return closed.Reopen()
}

// refusedBy checks that the operation tried the provider, and that nobody
// listened there.
func refusedBy(o operation, provider string) error {
	var seen []string
	for _, a := range o.Attempts {
		if a.Provider == provider && strings.Contains(a.Message, "refused") {
			return nil
		}
		seen = append(seen, fmt.Sprintf("%s %s %s (%s)", a.Provider, a.Outcome, a.Class, a.Message))
	}
	return fmt.Errorf("attempts: expected one at %s whose connections were refused, saw %s", provider, strings.Join(seen, "; "))
}

func showStatus(ctx context.Context, s *stage) error {
	s.out.note("pool-b answers again")
	o, err := s.statusOf(ctx)
	if err != nil {
		return err
	}
	s.out.ok("%d machines are running: %s", len(o.Result.Machines), tally(byProvider(o.Result.Machines)))
	return nil
}

// statusOf asks about all machines that are ours; all must be running, where we
// got them.
func (s *stage) statusOf(ctx context.Context) (operation, error) {
	body, err := s.onMachines("GET_INSTANCE_STATUS")
	if err != nil {
		return operation{}, err
	}
	o, err := s.execute(ctx, 0, body)
	if err != nil {
		return o, err
	}
	if err := wantPlaces(byProvider(s.open), o.Result.Machines); err != nil {
		return o, err
	}
	return o, wantAll("RUNNING", o.Result.Machines)
}

func terminateAtOwners(ctx context.Context, s *stage) error {
	n, places := len(s.open), tally(byProvider(s.open))
	if err := s.terminateAll(ctx); err != nil {
		return err
	}
	s.out.ok("%d machines were returned: %s", n, places)
	s.happened(fmt.Sprintf("%d machines were terminated in one call", n), "each by its owner: "+places)
	return nil
}

// terminateAll ends all machines that are ours, and asks the pools whether
// they are gone.
func (s *stage) terminateAll(ctx context.Context) error {
	body, err := s.onMachines("TERMINATE_INSTANCES")
	if err != nil {
		return err
	}
	o, err := s.execute(ctx, 0, body)
	if err != nil {
		return err
	}
	if err := want("status", "SUCCEEDED", o.Status); err != nil {
		return err
	}
	if body, err = s.onMachines("GET_INSTANCE_STATUS"); err != nil {
		return err
	}
	if err := s.client.ask(ctx, &o, "executeProviderOperation", "--data", body); err != nil {
		return err
	}
	if err := want("machines with a status", len(s.open), len(o.Result.Machines)); err != nil {
		return err
	}
	s.open = nil
	return wantAll("TERMINATED", o.Result.Machines)
}
