package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/openhostfactory/ohfp/cmd/ohfp/internal/show"
	"github.com/openhostfactory/ohfp/shared/broker"
)

// rankWord is the place of a provider, or what it is instead.
func rankWord(v broker.Verdict) string {
	switch {
	case v.Rank > 0:
		return strconv.Itoa(v.Rank)
	case eligible[v.Rule]:
		return "eligible"
	}
	return "refused"
}

// eligible are the rules that leave a provider without a place and do not
// refuse it.
var eligible = map[string]bool{"lower_tier": true, "outranked": true, "fallback": true}

// note is what the broker says of a verdict, and otherwise what the rule means.
func note(v broker.Verdict) string {
	switch {
	case v.Detail != "":
		return v.Detail
	case v.Rank > 0 && v.Rule != "fallback":
		return ""
	}
	return ruleMeans[v.Rule]
}

// ruleMeans says what a rule means.
var ruleMeans = map[string]string{
	"lower_tier":            "others are healthier, preferred, or of a better priority",
	"outranked":             "as good by the rules; the policy put others first",
	"fallback":              "one of fallback_strategies: tried last",
	"excluded":              "named by exclude_strategies",
	"strategy_override":     "another was asked for",
	"driver_absent":         "this broker cannot talk to providers of this kind",
	"not_enabled":           "registered with enabled: false",
	"draining":              "being taken out",
	"weight_zero":           "weight 0: no new work",
	"operation_unsupported": "providers of this kind do not carry this operation out",
	"capability_missing":    "it does not declare what is required",
	"zones":                 "it is in none of these zones, regions or geographies",
	"template_incomplete":   "the template lacks something there",
	"no_room":               "no machine fits any more",
	"price_unknown":         "its price is not known, or was read a day ago and longer",
	"max_cost_per_hour":     "a machine costs more",
	"breaker_open":          "calls to it are held back",
	"not_before":            "it asked for no call before that",
	"offering_blocked":      "it is out of what was asked for",
	"not_checked_yet":       "nobody has checked it yet",
	"unhealthy":             "its last check failed",
	"max_response_time_ms":  "it answers more slowly, in ms",
	"min_success_rate":      "fewer of its calls succeed, in percent",
}

// age says how old data is, as people do.
func age(ms int64) string {
	switch d := time.Duration(ms) * time.Millisecond; {
	case ms == 0:
		return ""
	case d < time.Second:
		return fmt.Sprintf("%d ms", ms)
	case d < 2*time.Minute:
		return fmt.Sprintf("%d s", d/time.Second)
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", d/time.Minute)
	default:
		return fmt.Sprintf("%d h", d/time.Hour)
	}
}

// textColumns is a table of text alone; columns that say nothing are left out.
type textColumns struct {
	head []string
	rows [][]string
}

func (t *textColumns) row(cells ...string) {
	for i := range cells {
		cells[i] = show.Printable(cells[i])
	}
	t.rows = append(t.rows, cells)
}

func (t *textColumns) write(b *strings.Builder) {
	lines := append([][]string{t.head}, t.rows...)
	texts := make([]string, len(lines))
	for column := range t.head {
		if !slices.ContainsFunc(t.rows, func(r []string) bool { return r[column] != "" }) {
			continue
		}
		width := 0
		for _, cells := range lines {
			width = max(width, utf8.RuneCountInString(cells[column]))
		}
		for i, cells := range lines {
			texts[i] += cells[column] + strings.Repeat(" ", width-utf8.RuneCountInString(cells[column])+2)
		}
	}
	for _, text := range texts {
		b.WriteString(strings.TrimRight(text, " ") + "\n")
	}
}
