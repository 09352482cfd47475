package query

import (
	"context"
	"fmt"
	"maps"
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

// getAvailableTemplates reads the instance, the templates, and of each with a
// limit what is reserved.
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
			t, err := s.available(ctx, &templates[i], &host)
			if err != nil {
				return hostfactory.Templates{}, err
			}
			out.Templates = append(out.Templates, t)
		}
		if page.Cursor = next; next == "" {
			out.Message = fmt.Sprintf("Templates: %d.", len(out.Templates))
			return out, nil
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

// available is a template as a scheduler sees it.
func (s Service) available(ctx context.Context, t *broker.Template, h *broker.HostProvider) (hostfactory.Template, error) {
	out := hostfactory.Template{
		TemplateID: t.ID, MaxNumber: -1, AvailableNumber: new(hostfactory.MaxMachines), Attributes: hostfactory.Attributes(t.Attributes, hostfactory.Scheduler(h.Scheduler)),
		MachineTypes: t.MachineTypes, PriceType: t.PriceType, InstanceTags: hostfactory.Tags(t.Tags), SchedulerFields: maps.Clone(t.SchedulerFields),
	}
	if t.MaxNumber == nil || *t.MaxNumber < 0 {
		return out, nil
	}
	left, err := s.left(ctx, t)
	out.MaxNumber, *out.AvailableNumber = *t.MaxNumber, min(left, hostfactory.MaxMachines)
	return out, err
}

// left is how many machines of a template with a limit there may be beside
// those that are there and that are being made.
func (s Service) left(ctx context.Context, t *broker.Template) (int, error) {
	snap, err := s.registry(ctx)
	if err != nil {
		return 0, err
	}
	names := make([]string, len(snap.Providers))
	for i := range snap.Providers {
		names[i] = snap.Providers[i].Name
	}
	room, err := s.Quota.Left(ctx, quota.OfTemplate(t.ID, *t.MaxNumber, names))
	if err != nil {
		return 0, fmt.Errorf("reading what template %q leaves: %w", t.ID, err)
	}
	return max(0, room.Free), nil
}
