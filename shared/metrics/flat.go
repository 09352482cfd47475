package metrics

import (
	"strconv"
	"strings"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
)

// Flat is [Counters] as top-level attributes of a row, for stores that add to
// nothing else. Zeroes are left out.
//
//	n ok part slow thr mach want us chg chg_us   counters, added
//	h0 … h31                                histogram of successes, added
//	f_<class>                               failures by class, added
//	e_<code>                                errors by code, added
//	t_<code>, last                          Unix ms of the last one, replaced
//	m_<code>                                its message, replaced
type Flat broker.Flat

const (
	binPrefix     = "h"
	classPrefix   = "f_"
	errorPrefix   = "e_"
	seenPrefix    = "t_"
	messagePrefix = "m_"
	lastName      = "last"
)

// Added reports whether a store adds the number of this name to what it has;
// else it replaces it.
func Added(name string) bool { return broker.FlatAdded(name) }

// Apply carries o out on f, as a store does. Of two writes of one time that
// are replaced the last one wins; all of a row lie within its minute.
func (f *Flat) Apply(o Flat) { (*broker.Flat)(f).Apply(broker.Flat(o)) }

func (f *Flat) text(name, s string) {
	if f.Texts == nil {
		f.Texts = map[string]string{}
	}
	f.Texts[name] = s
}

// Flat returns c as attributes.
func (c *Counters) Flat() Flat {
	f := Flat{Numbers: map[string]int64{}}
	for _, x := range c.numbers() {
		f.number(x.name, *x.n)
	}
	for i, n := range c.Latency {
		f.number(binPrefix+strconv.Itoa(i), n)
	}
	for class, n := range c.Failed {
		f.number(classPrefix+string(class), n)
	}
	for code, e := range c.Errors {
		f.error(code, e)
	}
	f.time(lastName, c.LastUsed)
	return f
}

func (f *Flat) number(name string, n int64) {
	if n != 0 {
		f.Numbers[name] = n
	}
}

func (f *Flat) time(name string, t time.Time) {
	if !t.IsZero() {
		f.Numbers[name] = t.UnixMilli()
	}
}

func (f *Flat) error(code string, e ErrorCount) {
	f.number(errorPrefix+code, e.Count)
	f.time(seenPrefix+code, e.LastSeen)
	f.text(messagePrefix+code, e.LastMessage) // also an empty one: it replaces another
}

// Counters reads what [Counters.Flat] wrote and stores added up. Names that it
// does not know are passed over: a newer version may have written them. A
// negative count is an internal error: somebody else wrote to the row.
func (f Flat) Counters() (Counters, error) {
	var c Counters
	for name, n := range f.Numbers {
		if Added(name) && n < 0 {
			return Counters{}, fault.New(fault.Internal, "The stored counter %q is %d.", name, n)
		}
	}
	for _, x := range c.numbers() {
		*x.n = f.Numbers[x.name]
	}
	for i := range c.Latency {
		c.Latency[i] = f.Numbers[binPrefix+strconv.Itoa(i)]
	}
	for name, n := range f.Numbers {
		f.prefixed(&c, name, n)
	}
	if ms, ok := f.Numbers[lastName]; ok {
		c.LastUsed = time.UnixMilli(ms).UTC()
	}
	return c, nil
}

// prefixed reads a number whose name holds a class or a code.
func (f Flat) prefixed(c *Counters, name string, n int64) {
	if n == 0 {
		return
	}
	if class, ok := strings.CutPrefix(name, classPrefix); ok && class != "" {
		c.fail(fault.Class(class), n)
	}
	if code, ok := strings.CutPrefix(name, errorPrefix); ok {
		e := ErrorCount{Count: n, LastMessage: clean(f.Texts[messagePrefix+code], MaxMessage)}
		if ms, ok := f.Numbers[seenPrefix+code]; ok {
			e.LastSeen = time.UnixMilli(ms).UTC()
		}
		c.Errors.put(clean(code, MaxCode), e)
	}
}
