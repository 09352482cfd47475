package command

import (
	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/providers/config"
)

// mostAtOnce is how many machines one provider is asked for at once.
const mostAtOnce = 1000

// units is how many are wanted; 0: machines are counted.
func (p *Parameters) units() int {
	if p.Units == nil {
		return 0
	}
	return *p.Units
}

// bounded returns a candidate that is asked for no more units than that many
// machines are worth at least; the rest goes elsewhere.
func bounded(o *broker.Operation, c broker.Candidate) broker.Candidate {
	if most := config.MostUnits(c.Kind, c.Spec, mostAtOnce); o.Wanted > most {
		c.Most = most
	}
	return c
}

// wishable refuses units that could be more machines than a template ever
// allows. How many machines they can be is known when the providers are.
func wishable(o *broker.Operation, t *broker.Template) error {
	limit, limited := limitOf(t)
	if most := machinesOf(o); o.InUnits && limited && most > limit {
		return fault.Invalid("parameters.units", "template %q allows at most %d machines, and %d units may be %d", t.ID, limit, o.Wanted, most)
	}
	return nil
}

// machinesOf is how many machines a create can make at most. Every machine is
// worth the least that one is anywhere, and what an attempt may make beyond that
// is rounded up once, by the last of them.
func machinesOf(o *broker.Operation) int {
	most := o.Wanted
	for i := range o.Candidates {
		c := &o.Candidates[i]
		if n := config.MostMachines(c.Kind, c.Spec, o.Wanted); i == 0 || n > most {
			most = n
		}
	}
	return most
}
