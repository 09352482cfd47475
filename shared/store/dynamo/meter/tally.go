package meter

// Totals are what calls amount to.
type Totals struct {
	Calls   int
	Refused int // by a condition
	Failed  int // for another reason

	Read    int // items: those that were looked up by key, and those that a query found
	Written int // items

	ReadUnits  float64
	WriteUnits float64
}

// Sum adds calls up.
func Sum(calls []Call) Totals {
	var t Totals
	for _, c := range calls {
		t.add(c)
	}
	return t
}

// ByAction adds calls up for each action.
func ByAction(calls []Call) map[string]Totals {
	by := map[string]Totals{}
	for _, c := range calls {
		t := by[c.Action]
		t.add(c)
		by[c.Action] = t
	}
	return by
}

func (t *Totals) add(c Call) {
	t.Calls++
	t.ReadUnits += c.ReadUnits
	t.WriteUnits += c.WriteUnits
	switch {
	case c.Refused:
		t.Refused++
	case c.Failed:
		t.Failed++
	default:
		t.Written += len(c.Writes)
		t.Read += c.items()
	}
}

// items is how many items a call has read.
func (c *Call) items() int {
	if c.Action == query || c.Action == scan {
		return c.Found
	}
	return len(c.Reads)
}
