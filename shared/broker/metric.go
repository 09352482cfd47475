package broker

import (
	"maps"
	"math"
	"strings"
	"time"
)

// MetricKey names what was counted of one operation type at a provider within
// a minute or an hour.
type MetricKey struct {
	Provider  string
	Hourly    bool   // else by the minute
	Partition string // the hour in which the minutes lie, 2026-03-01T12, or the day of the hours, 2026-03-01
	Row       string // two digits and the operation type, 05#CREATE_INSTANCES: sorts like time
}

// MetricRow is a row of counters, or what is added to one.
type MetricRow struct {
	MetricKey
	Flat
	ExpiresAt time.Time // by the reader's clock
}

// MetricRange asks for the rows of one partition from First on and below Below.
type MetricRange struct {
	Provider     string
	Hourly       bool
	Partition    string
	First, Below string
}

// Flat is counters as the top-level attributes of a row, for stores that add
// to nothing else. Package metrics says what the names mean.
type Flat struct {
	Numbers map[string]int64  `json:"numbers,omitempty"`
	Texts   map[string]string `json:"texts,omitempty"`
}

// Names of numbers that are times: they are replaced.
const (
	flatLast = "last"
	flatSeen = "t_"
)

// FlatAdded reports whether a store adds the number of this name to what it
// has; else it replaces it. Texts are always replaced.
func FlatAdded(name string) bool { return name != flatLast && !strings.HasPrefix(name, flatSeen) }

// Apply carries o out on f, as a store does. Of two writes of what is replaced
// the last one wins. A sum that does not fit stays at the largest number.
func (f *Flat) Apply(o Flat) {
	numbers, texts := maps.Clone(f.Numbers), maps.Clone(f.Texts)
	for name, n := range o.Numbers {
		if numbers == nil {
			numbers = map[string]int64{}
		}
		if FlatAdded(name) {
			n = capped(numbers[name], n)
		}
		numbers[name] = n
	}
	for name, s := range o.Texts {
		if texts == nil {
			texts = map[string]string{}
		}
		texts[name] = s
	}
	f.Numbers, f.Texts = numbers, texts
}

// capped adds counts, which are never negative.
func capped(a, b int64) int64 {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}

// Digest is what the tick makes of a provider's counters for those who read
// the registry.
type Digest struct {
	At       time.Time           `json:"at"`                 // when it was made
	Measured map[string]Measured `json:"measured,omitempty"` // by breaker class; absent: never used
	Rolled   Rolled              `json:"rolled"`
}

// Rolled says which hours of a provider have rows by the hour: all before
// Until but for Gaps.
type Rolled struct {
	Until time.Time `json:"until,omitzero"` // on the hour; zero: none has
	Gaps  []Gap     `json:"gaps,omitempty"` // oldest first
}

// Gap is time of which nothing is known, [From, To).
type Gap struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}
