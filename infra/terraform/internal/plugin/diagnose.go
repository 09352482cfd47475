package plugin

import (
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/openhostfactory/ohfp/infra/terraform/internal/shape"
	"github.com/openhostfactory/ohfp/shared/fault"
)

// tell adds what went wrong to diagnostics: at the field where it names one.
func (t *thing) tell(to *diag.Diagnostics, doing string, request body, err error) {
	e, ok := errors.AsType[*fault.Error](err)
	if !ok {
		to.AddError(doing, err.Error())
		return
	}
	title := fmt.Sprintf("%s: %s", doing, e.Code.Title())
	if len(e.Fields) == 0 {
		to.AddError(title, e.Detail)
		return
	}
	for _, f := range e.Fields {
		at, found := shape.Path(t.schema, t.path(request, f.Field))
		if !found {
			to.AddError(title, f.Field+": "+f.Message)
			continue
		}
		to.AddAttributeError(at, title, f.Field+": "+f.Message)
	}
}

// conflict says that somebody else was there, and what to do.
func (t *thing) conflict(to *diag.Diagnostics, name string, seen int64, err error) bool {
	e, ok := errors.AsType[*fault.Error](err)
	if !ok || e.Code != fault.Conflict {
		return false
	}
	now := "another version"
	if v, ok := e.Extra["current_version"]; ok {
		now = fmt.Sprintf("version %v", v)
	}
	if seen == 0 {
		t.exists(to, name, now)
		return true
	}
	to.AddError("Somebody else has changed "+t.called(name), fmt.Sprintf(
		"Terraform saw version %d, and the broker has %s now. Nothing was overwritten: plan again to see what differs.\n\n%s", seen, now, e.Detail))
	return true
}

// exists says that what is to be made is there.
func (t *thing) exists(to *diag.Diagnostics, name, now string) {
	id := name
	if t.key == "" {
		id = t.name
	}
	to.AddError("The broker has "+t.called(name)+" already", fmt.Sprintf(
		"It is there, in %s, with other content, and was not overwritten. To go on with it: terraform import ohfp_%s.NAME %s", now, t.name, id))
}
