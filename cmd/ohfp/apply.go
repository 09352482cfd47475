package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/openhostfactory/ohfp/cmd/ohfp/internal/show"
	"github.com/openhostfactory/ohfp/shared/fault"
)

// applyCommand makes the broker have what files say.
func (c *client) applyCommand(ctx context.Context) *cobra.Command {
	var files []string
	var dry, prune bool
	cmd := &cobra.Command{
		Use: "apply -f FILE [-f FILE ...]", Short: "Make providers, templates and configuration be as a file says",
		Long: "Make providers, templates and configuration be as a file says.\n\n" +
			"A site file is YAML or JSON with the keys providers, templates and configuration: lists of what\n" +
			"registerProviderStrategy and registerTemplate take, and what configureProviderStrategy takes. Each is\n" +
			"compared with what the broker has, by the broker; what differs is shown field by field and stored, the\n" +
			"rest is left alone. Everything is checked before anything is stored. Something that somebody else\n" +
			"changes in between is not overwritten: apply stops there, and says what it did before.\n\n" +
			"What the broker has and the file has not stays, unless --prune is given; and then only of the\n" +
			"keys that the file has. User data is never shown: keep_user_data: true in a template keeps it.",
		Example: "  # What would change\n  ohfp apply -f examples/guide-site.yaml --dry-run\n" +
			"  # Change it\n  ohfp apply -f examples/guide-site.yaml\n" +
			"  # What is there is as it is: nothing to do\n  ohfp export | ohfp apply -f - --prune",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usage("a site file is given with -f: ohfp apply -f %s", args[0])
			}
			return nil
		},
		RunE: func(*cobra.Command, []string) error {
			if len(files) == 0 {
				return usage("apply: name the site file: -f site.yaml, or -f - for stdin")
			}
			return c.apply(ctx, files, applying{dry: dry, prune: prune})
		},
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	cmd.Flags().StringArrayVarP(&files, "file", "f", nil, "`FILE` with a site, or - for stdin; several together are one site")
	cmd.Flags().BoolVar(&dry, "dry-run", false, "show what would change, and change nothing")
	cmd.Flags().BoolVar(&prune, "prune", false, "delete what the broker has and the file has not, of the keys that the file has")
	return cmd
}

// applying says how a site is applied.
type applying struct{ dry, prune bool }

func (c *client) apply(ctx context.Context, files []string, how applying) error {
	b, err := c.bench()
	if err != nil {
		return err
	}
	s, err := c.readSite(files)
	if err != nil {
		return err
	}
	return b.bring(ctx, s, how)
}

// bring makes the broker have a site, and prints what that took.
func (b *bench) bring(ctx context.Context, s site, how applying) error {
	p, err := b.planSite(ctx, s, how.prune)
	if err != nil {
		return err
	}
	p.DryRun = how.dry
	p.sum()
	if !how.dry {
		if err := b.carryOut(ctx, p); err != nil {
			return err
		}
	}
	return b.client.printPlan(p)
}

func (c *client) printPlan(p *plan) error {
	var err error
	if c.format() == show.Table {
		err = p.write(c.stdout)
	} else {
		var document []byte
		if document, err = json.Marshal(p); err == nil {
			err = c.print(document)
		}
	}
	if err != nil {
		return &failure{exit: fault.ExitFailed, line: "writing the answer: " + err.Error()}
	}
	return nil
}

// carryOut stores what differs and deletes what is to go, in the order of the
// plan, and stops at the first that fails.
func (b *bench) carryOut(ctx context.Context, p *plan) error {
	for _, s := range p.Objects {
		if s.Action == actUnchanged {
			continue
		}
		a, err := b.carry(ctx, s)
		gone := s.Action == actDelete && a.says.Code == string(fault.NotFound)
		if err == nil && (a.status < 300 || gone) {
			s.Status = done
			continue
		}
		s.Status = failed
		for _, other := range p.Objects {
			if other.Status == planned {
				other.Status = notAttempted
			}
		}
		if err != nil {
			return interrupted(err, s, p)
		}
		return stopped(a, s, p)
	}
	return nil
}

func (b *bench) carry(ctx context.Context, s *step) (answer, error) {
	if s.Action == actDelete {
		return b.call(ctx, s.section.drop, fmt.Appendf(nil, "{%q:%q}", s.section.name, s.Name), true)
	}
	return b.call(ctx, s.section.put, with(s.object, fmt.Sprintf(`"version":%d`, s.Version)), true)
}

// stopped is the failure of a step that the broker refused. p is nil while
// nothing has been stored.
func stopped(a answer, s *step, p *plan) error {
	problem := clientProblem{Title: "The site was not applied", Code: codeUnexpected}
	if err := json.Unmarshal(a.body, &problem); err != nil {
		problem.Detail = err.Error()
	}
	if a.says.Code == string(fault.Conflict) && s.Action != actDelete && p != nil {
		problem.Detail = "somebody else has changed it since it was compared, and that was not overwritten; apply again to see the difference"
	}
	problem.Detail = s.called() + ": " + strings.TrimSuffix(problem.Detail, ".")
	problem.tell(p)
	return problem.failure(exitOf(a))
}

// interrupted is the failure of a step to which there was no answer.
func interrupted(err error, s *step, p *plan) error {
	f, ok := errors.AsType[*failure](err)
	if !ok {
		return err
	}
	var problem clientProblem
	if err := json.Unmarshal(f.document, &problem); err != nil {
		return f
	}
	problem.Detail = s.called() + ": " + strings.TrimSuffix(problem.Detail, ".")
	problem.tell(p)
	return problem.failure(f.exit)
}

// tell adds what was done before, so that nothing of it is hidden.
func (p *clientProblem) tell(of *plan) {
	if of == nil {
		p.Detail += ". Nothing was changed"
		return
	}
	count := map[string]int{}
	for _, s := range of.Objects {
		count[s.Status]++
	}
	p.Objects = of.Objects
	p.Detail += fmt.Sprintf(". Done before it: %d; not attempted: %d. Applying again goes on from here", count[done], count[notAttempted])
}

// called is what people call the step's thing, with where it stands.
func (s *step) called() string {
	if s.object == nil {
		return fmt.Sprintf("%s %q", s.Kind, s.Name)
	}
	return fmt.Sprintf("%s (%s:%d)", s.object.called(), s.object.file, s.object.node.Line)
}
