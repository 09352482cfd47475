package broker

// A wish counts machines, or units. What a machine of a type is worth in units
// stands in the template; so a large machine may count as several small ones.

// UnitsOf is how many units a machine of a type is worth: what the template
// says, or one.
func (t *ResolvedTemplate) UnitsOf(machineType string) int {
	return max(1, t.MachineWeights[machineType])
}

// countsFor is how much of what is asked for a machine of a type is.
func (s *CreateSpec) countsFor(machineType string) int {
	if !s.InUnits {
		return 1
	}
	return s.Template.UnitsOf(machineType)
}

// Fill is how many units of a wish each machine fills on average, where each is
// worth so many: the last one may bring more than is left of the wish.
func Fill(wish, each int) float64 {
	return float64(wish) / float64((wish+each-1)/each)
}

// Worth is how much of what is asked for machines are: their number, or their
// units.
func (s *CreateSpec) Worth(machines []Machine) int {
	if !s.InUnits {
		return len(machines)
	}
	units := 0
	for i := range machines {
		units += s.Template.UnitsOf(machines[i].InstanceType)
	}
	return units
}

// Worth is how much of the attempt's count machines are: their number, unless
// it asks for units.
func (a *Attempt) Worth(machines []Machine) int {
	if a.Spec == nil {
		return len(machines)
	}
	return a.Spec.Worth(machines)
}

// undone is how much of the wish an attempt has given back of what another
// made.
func (l *Ledger) undone(undo *Attempt) int {
	made := l.Attempt(undo.Undoes)
	if made == nil || made.Spec == nil || !made.Spec.InUnits {
		return undo.Confirmed
	}
	var gone []Machine
	for _, r := range undo.Results {
		for i := range made.Machines {
			if r.Terminated && made.Machines[i].ID == r.MachineID {
				gone = append(gone, made.Machines[i])
			}
		}
	}
	return made.Worth(gone)
}

// standing is how many machines the attempts of a create have made and not
// given back.
func (l *Ledger) standing() int {
	n, gone := 0, l.givenBack()
	for i := range l.Attempts {
		for _, m := range l.Attempts[i].Machines {
			if !gone[m.ID] {
				n++
			}
		}
	}
	return n
}
