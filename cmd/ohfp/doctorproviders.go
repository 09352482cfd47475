package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// ownToken looks at what ohfpd has left on this machine.
func (d *doctor) ownToken() {
	path := firstOf(d.options.tokenFile, d.defaultTokenFile())
	info, err := os.Stat(path)
	if err != nil {
		d.says("client", "token file", warn, "there is none at %s: this client calls without a token unless --token-file names one", path)
		return
	}
	if info.Mode().Perm()&0o077 != 0 {
		d.says("client", "token file", bad, "others may read %s: chmod 600 %s", path, path)
		return
	}
	d.says("client", "token file", fine, "%s is private", path)
	if dir, err := os.Stat(filepath.Dir(path)); err == nil && d.options.tokenFile == "" && dir.Mode().Perm()&0o022 != 0 {
		d.says("client", "data directory", bad, "others may write into %s: chmod 700 %s", filepath.Dir(path), filepath.Dir(path))
	}
}

// providerLine is what is read of a provider.
type providerLine struct {
	Name    string `json:"name"`
	Kind    string `json:"provider_type"`
	Status  string `json:"status"`
	Enabled bool   `json:"enabled"`
}

// providers checks each provider.
func (d *doctor) providers(ctx context.Context) {
	a, err := d.send(ctx, d.request(d.operation("listAvailableProviders").Describe(), []byte(`{}`)))
	var list struct {
		Providers []providerLine `json:"providers"`
	}
	if err == nil {
		err = json.Unmarshal(a.body, &list)
	}
	if err != nil {
		d.says("broker", "providers", bad, "%s", err)
		return
	}
	if len(list.Providers) == 0 {
		d.says("broker", "providers", warn, "none is registered: ohfp registerProviderStrategy --help, or ohfp providers discover aws --region REGION")
	}
	for _, p := range list.Providers {
		d.provider(ctx, p)
	}
}

// provider has one checked by the broker, by name.
func (d *doctor) provider(ctx context.Context, p providerLine) {
	switch {
	case p.Status == "no_driver":
		d.says(p.Name, "driver", bad, "this broker has no driver for %s: it is never selected", p.Kind)
		return
	case !p.Enabled:
		d.says(p.Name, "enabled", warn, "it is disabled, and is not checked")
		return
	}
	body, err := json.Marshal(map[string]any{"operation_type": broker.HealthCheck, "strategy_override": p.Name})
	if err != nil {
		d.says(p.Name, "health", bad, "%s", err)
		return
	}
	a, err := d.send(ctx, d.request(d.operation(executing).Describe(), body))
	if err != nil {
		d.says(p.Name, "health", bad, "%s", err)
		return
	}
	d.health(p.Name, a.body)
}

func (d *doctor) health(name string, body []byte) {
	var o struct {
		Status  string               `json:"status"`
		Message string               `json:"message"`
		Result  *broker.HealthResult `json:"result"`
	}
	err := json.Unmarshal(body, &o)
	if err != nil || o.Result == nil {
		d.says(name, "health", bad, "the check ended as %s: %s", firstOf(o.Status, "nothing"), o.Message)
		return
	}
	h := o.Result
	d.says(name, "health", verdictOf(h.IsHealthy), "%s", h.StatusMessage)
	for _, c := range h.Checks {
		d.says(name, c.Name, foundBy(c), "%s", firstOf(c.Message, "as the provider's health says"))
	}
}

func foundBy(c broker.Check) string {
	if c.Unproven {
		return unproven
	}
	return verdictOf(c.OK)
}

func verdictOf(ok bool) string {
	if ok {
		return fine
	}
	return bad
}
