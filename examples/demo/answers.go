package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// The parts of the client's JSON that the checks read.

type machine struct {
	ID       string `json:"machine_id"`
	Name     string `json:"name"`
	Provider string `json:"provider_name"`
	Status   string `json:"status"`
}

type operation struct {
	ID     string `json:"operation_id"`
	Status string `json:"status"`
	Result struct {
		Requested int       `json:"requested"`
		Created   int       `json:"created"`
		Machines  []machine `json:"machines"`
	} `json:"result"`
	Attempts []attempt `json:"attempts"`
}

type attempt struct {
	Provider string `json:"provider_name"`
	Outcome  string `json:"outcome"`
	Class    string `json:"class"`
	Message  string `json:"message"`
}

type providerList struct {
	Providers []struct {
		Name   string `json:"name"`
		Status string `json:"status"`
	} `json:"providers"`
	Total int `json:"total_count"`
}

type healthList struct {
	Total   int `json:"total_providers"`
	Healthy int `json:"healthy_providers"`
}

type decision struct {
	Selected   string `json:"selected_strategy"`
	Reason     string `json:"selection_reason"`
	Candidates []struct {
		Provider string `json:"provider_name"`
		Rank     int    `json:"rank"`
	} `json:"candidates"`
}

// byProvider counts machines per provider.
func byProvider(ms []machine) map[string]int {
	n := map[string]int{}
	for _, m := range ms {
		n[m.Provider]++
	}
	return n
}

// tally writes counts per provider in one order: "pool-a 3, pool-b 2".
func tally(n map[string]int) string {
	parts := make([]string, 0, len(n))
	for _, name := range slices.Sorted(maps.Keys(n)) {
		parts = append(parts, fmt.Sprintf("%s %d", name, n[name]))
	}
	if len(parts) == 0 {
		return "none"
	}
	return strings.Join(parts, ", ")
}

func ids(ms []machine) []string {
	out := make([]string, len(ms))
	for i, m := range ms {
		out[i] = m.ID
	}
	return out
}

// distinct counts different hosts and different machine ids; the smaller number.
func distinct(ms []machine) int {
	hosts, machines := map[string]bool{}, map[string]bool{}
	for _, m := range ms {
		hosts[m.Provider+"/"+m.Name], machines[m.ID] = true, true
	}
	return min(len(hosts), len(machines))
}

// want compares what a step promises with what was seen.
func want[T comparable](what string, expected, seen T) error {
	if expected == seen {
		return nil
	}
	return fmt.Errorf("%s: expected %v, saw %v", what, expected, seen)
}

// wantPlaces compares where machines are.
func wantPlaces(expected map[string]int, seen []machine) error {
	return want("machines", tally(expected), tally(byProvider(seen)))
}

// wantAll checks that every machine has the status.
func wantAll(status string, ms []machine) error {
	for _, m := range ms {
		if m.Status != status {
			return fmt.Errorf("machine %s (%s of %s): expected %s, saw %s", m.ID, m.Name, m.Provider, status, m.Status)
		}
	}
	return nil
}
