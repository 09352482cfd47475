package query

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/hostfactory"
	"github.com/openhostfactory/ohfp/shared/op"
	"github.com/openhostfactory/ohfp/shared/quota"
)

// GetAvailableTemplates lists the templates that a scheduler may ask for.
var GetAvailableTemplates = op.Define(op.Spec{
	Name: "getAvailableTemplates", Kind: op.Query,
	Summary: "List the templates that a scheduler may ask for",
	Detail: "A template is shown also when all its machines are taken: available_number is 0 then, and never more than one request may be for. Attributes are written as schedulers " +
		"read them, as a type and a value. Where a template does not name ncpus, nram or type, they are those of its machine types at " +
		"the most preferred provider that was seen to have them, and else ncpus and ncores are 1, and type is X86_64.",
	Examples: []op.Example{{Title: "All"}, {Title: "Those of an instance", Body: `{"host_provider": "ohfpinst"}`}},
}, Service.getAvailableTemplates)

// AvailableTemplatesInput says who asks.
type AvailableTemplatesInput struct {
	HostProvider string `json:"host_provider,omitempty" doc:"The scheduler's provider instance that asks; all templates when absent." format:"name"`
	Dialect      string `json:"dialect,omitempty" doc:"Whose attributes to show: symphony or lsf; that of the instance when absent." enum:"symphony,lsf"`
}

// getAvailableTemplates reads the instance, the templates, of each with a limit
// what is reserved, and once the machines that there are.
func (s Service) getAvailableTemplates(ctx context.Context, in AvailableTemplatesInput) (hostfactory.Templates, error) {
	host, err := s.hostProvider(ctx, in.HostProvider)
	if err != nil {
		return hostfactory.Templates{}, err
	}
	if in.Dialect != "" {
		host.Scheduler = strings.ToLower(in.Dialect)
	}
	out := hostfactory.Templates{Templates: []hostfactory.Template{}}
	page, shelf := broker.Page{Limit: 1000}, typeShelf{}
	for {
		templates, next, err := s.Templates.Templates(ctx, page)
		if err != nil {
			return hostfactory.Templates{}, fmt.Errorf("reading templates: %w", err)
		}
		for i := range templates {
			if !host.Sees(templates[i].ID) {
				continue
			}
			if err := shelf.describe(ctx, s, &templates[i]); err != nil {
				return hostfactory.Templates{}, err
			}
			out.Templates = append(out.Templates, shownTemplate(&templates[i], &host))
		}
		if page.Cursor = next; next == "" {
			out.Message = fmt.Sprintf("Templates: %d.", len(out.Templates))
			return out, s.left(ctx, out.Templates)
		}
	}
}

// hostProvider returns an instance; one that nobody registered may see all.
func (s Service) hostProvider(ctx context.Context, name string) (broker.HostProvider, error) {
	if name == "" {
		return broker.HostProvider{}, nil
	}
	h, err := s.Requests.HostProvider(ctx, name)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return h, fmt.Errorf("reading host provider %q: %w", name, err)
	}
	return h, nil
}

// shownTemplate is a template as a scheduler sees it, but for what is left of it.
func shownTemplate(t *broker.Template, h *broker.HostProvider) hostfactory.Template {
	out := hostfactory.Template{
		TemplateID: t.ID, MaxNumber: -1, AvailableNumber: new(hostfactory.MaxMachines), Attributes: hostfactory.Attributes(t.Attributes, hostfactory.Scheduler(h.Scheduler)),
		MachineTypes: t.MachineTypes, PriceType: t.PriceType, InstanceTags: hostfactory.Tags(t.Tags), SchedulerFields: maps.Clone(t.SchedulerFields),
	}
	if t.MaxNumber != nil && *t.MaxNumber >= 0 {
		out.MaxNumber = *t.MaxNumber
	}
	return out
}

// left says of the templates with a limit how many machines there may be beside
// those that are there and that are being made.
func (s Service) left(ctx context.Context, templates []hostfactory.Template) error {
	limited := slices.DeleteFunc(pointers(templates), func(t *hostfactory.Template) bool { return t.MaxNumber < 0 })
	if len(limited) == 0 {
		return nil
	}
	snap, err := s.registry(ctx)
	if err != nil {
		return err
	}
	names := make([]string, len(snap.Providers))
	for i := range snap.Providers {
		names[i] = snap.Providers[i].Name
	}
	limits := make([]quota.Limit, len(limited))
	for i, t := range limited {
		limits[i] = quota.OfTemplate(t.TemplateID, t.MaxNumber, names)
	}
	rooms, err := s.Quota.Left(ctx, limits...)
	if err != nil {
		return fmt.Errorf("reading what templates leave: %w", err)
	}
	for i, t := range limited {
		*t.AvailableNumber = min(rooms[i].Free, hostfactory.MaxMachines)
	}
	return nil
}

func pointers(templates []hostfactory.Template) []*hostfactory.Template {
	all := make([]*hostfactory.Template, len(templates))
	for i := range templates {
		all[i] = &templates[i]
	}
	return all
}
