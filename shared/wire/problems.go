package wire

import (
	"fmt"
	"strings"

	"github.com/openhostfactory/ohfp/shared/fault"
)

// problems collects what is wrong with one document.
type problems struct {
	fields  []fault.Field
	planned int // of fields: not wrong, not built
	more    int // beyond maxProblems
}

func (p *problems) add(at *path, format string, args ...any) {
	if len(p.fields) == maxProblems {
		p.more++
		return
	}
	p.fields = append(p.fields, fault.Field{Field: at.String(), Message: fmt.Sprintf(format, args...)})
}

func (p *problems) addPlanned(at *path, reason string) {
	if len(p.fields) < maxProblems {
		p.planned++
	}
	p.add(at, "not supported yet: %s", reason)
}

// inDetail is how many problems the detail spells out; all are in the fields.
const inDetail = 3

func (p *problems) err() error {
	if len(p.fields) == 0 {
		return nil
	}
	e := &fault.Error{Code: fault.InvalidRequest, Fields: p.fields}
	if p.planned == len(p.fields) {
		e.Code = fault.NotSupported
	}
	var said []string
	for _, f := range p.fields[:min(len(p.fields), inDetail)] {
		said = append(said, sentence(f))
	}
	e.Detail = strings.Join(said, "; ")
	if n := len(p.fields) - len(said) + p.more; n > 0 {
		e.Detail += fmt.Sprintf("; and %d more", n)
	}
	return e
}

func sentence(f fault.Field) string {
	if f.Field == "" {
		return f.Message
	}
	return f.Field + ": " + f.Message
}
