package main

import (
	"context"
	"fmt"
	"strings"
	"time"
)

func startBroker(ctx context.Context, s *stage) error {
	for _, name := range []string{"pool-a", "pool-b", "spare"} {
		r := s.pools[name].Registration
		s.out.note("the hosts of %s, %s, answer at port %d", name, strings.Join(r.Hosts(), " "), r.Port())
	}
	s.out.command("cd " + s.dir)
	return s.startBroker(ctx)
}

// startBroker starts the daemon and points the client at it.
func (s *stage) startBroker(ctx context.Context) error {
	s.out.command(s.broker.Command())
	took, err := s.broker.Start(ctx)
	if err != nil {
		return err
	}
	s.client.at(s.broker.Endpoint(), s.broker.TokenFile())
	s.out.command(fmt.Sprintf("export OHFP_ENDPOINT=%s OHFP_TOKEN_FILE=%s", s.broker.Endpoint(), s.broker.TokenFile()))
	s.out.ok("it answers at %s, %d ms after its start", s.broker.Endpoint(), took.Milliseconds())
	return nil
}

func registerPools(ctx context.Context, s *stage) error {
	for _, f := range poolFiles {
		a, err := s.client.show(ctx, "registerProviderStrategy", "--data-file", f)
		if err != nil {
			return err
		}
		if err := a.ended(0); err != nil {
			return err
		}
	}
	var list providerList
	if err := s.client.ask(ctx, &list, "listAvailableProviders"); err != nil {
		return err
	}
	if err := want("registered providers", len(poolFiles), list.Total); err != nil {
		return err
	}
	s.out.ok("three providers are registered")
	return nil
}

func registerTemplate(ctx context.Context, s *stage) error {
	a, err := s.client.show(ctx, "registerTemplate", "--data-file", "template-web.json")
	if err != nil {
		return err
	}
	return a.ended(0)
}

// probing is how long the checks at registration may take.
const probing = time.Minute

func showProviders(ctx context.Context, s *stage) error {
	if err := s.awaitHealthy(ctx, len(poolFiles)); err != nil {
		return err
	}
	for _, query := range []string{"listAvailableProviders", "getProviderHealth"} {
		a, err := s.client.show(ctx, query)
		if err != nil {
			return err
		}
		if err := a.ended(0); err != nil {
			return err
		}
	}
	s.out.ok("all three are healthy")
	s.happened("two pools and a spare were registered", "each was checked at once: healthy")
	return nil
}

// awaitHealthy waits until n of the providers, and those are all, are healthy.
func (s *stage) awaitHealthy(ctx context.Context, n int) error {
	var h healthList
	err := s.await(ctx, probing, func() (bool, error) {
		err := s.client.ask(ctx, &h, "getProviderHealth")
		return h.Healthy == n && h.Total == n, err
	})
	if err != nil {
		return fmt.Errorf("expected %d healthy providers, saw %d of %d: %w", n, h.Healthy, h.Total, err)
	}
	return nil
}

// await asks until the answer is yes.
func (s *stage) await(ctx context.Context, atMost time.Duration, done func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, atMost)
	defer cancel()
	for {
		ok, err := done()
		if ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("not within %s: %w", atMost, ctx.Err())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func selectPool(ctx context.Context, s *stage) error {
	args := []string{"selectProviderStrategy", "--data", `{"operation_type": "CREATE_INSTANCES", "template_id": "web"}`}
	a, err := s.client.show(ctx, args...)
	if err != nil {
		return err
	}
	if err := a.ended(0); err != nil {
		return err
	}
	var d decision
	if err := s.client.ask(ctx, &d, args...); err != nil {
		return err
	}
	if err := want("selected strategy", "pool-a", d.Selected); err != nil {
		return err
	}
	if err := want("candidates with a verdict", len(poolFiles), len(d.Candidates)); err != nil {
		return err
	}
	if d.Reason == "" {
		return fmt.Errorf("selection_reason: expected a reason, saw none")
	}
	s.out.ok("pool-a: %s", d.Reason)
	s.happened("a selection was asked for", d.Selected+", with its reason and a verdict for each of the others")
	return nil
}
