package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/openhostfactory/ohfp/cmd/ohfp/internal/show"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/op"
	"github.com/openhostfactory/ohfp/shared/wire"
)

// operationCommand is the subcommand of an operation, still without flags.
func (c *client) operationCommand(ctx context.Context, o op.Described) *cobra.Command {
	spec := o.Describe()
	return &cobra.Command{
		Use: spec.Name, Short: spec.Summary, Aliases: []string{op.Kebab(spec.Name)},
		Args: arguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.operate(ctx, o, cmd)
		},
		ValidArgsFunction: cobra.NoFileCompletions,
	}
}

// arguments takes one word without a flag as the field that must be given, when
// there is exactly one such field: "ohfp getOperation ID".
func arguments(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if strings.HasPrefix(strings.TrimSpace(args[0]), "{") {
		return usage("a request is given with --data: --data '%s'", args[0])
	}
	field := required(cmd.Flags())
	switch {
	case field == "":
		return usage("unexpected argument %q", args[0])
	case len(args) > 1:
		return usage("unexpected argument %q", args[1])
	}
	if err := cmd.Flags().Set(field, args[0]); err != nil {
		return usage("%s", err)
	}
	return nil
}

// required is the flag of the only field that must be given; "" when there are
// more, or none.
func required(flags *pflag.FlagSet) string {
	var names []string
	flags.VisitAll(func(flag *pflag.Flag) {
		if f, ok := flag.Value.(*fieldFlag); ok && f.field.Required {
			names = append(names, flag.Name)
		}
	})
	if len(names) != 1 {
		return ""
	}
	return names[0]
}

// described returns the operation behind a subcommand; nil for the others.
func (c *client) described(cmd *cobra.Command) op.Described {
	for _, o := range c.ops {
		if o.Describe().Name == cmd.Name() && cmd.HasParent() && !cmd.Parent().HasParent() {
			return o
		}
	}
	return nil
}

// prepare gives the asked subcommand its flags. A field that collides with
// another flag is an error of the catalogue, found before anything is sent.
func (c *client) prepare(cmd *cobra.Command) error {
	if err := complete(cmd.Root(), "format", show.Formats()); err != nil {
		return fmt.Errorf("offering the words of --format: %w", err)
	}
	if err := complete(cmd.Root(), "auth", proofs()); err != nil {
		return fmt.Errorf("offering the words of --auth: %w", err)
	}
	o := c.described(cmd)
	if o == nil {
		return nil
	}
	in, _ := o.Types()
	schema := wire.SchemaOf(in)
	c.callFlags(cmd.Flags(), schema.Field("request_id") != nil)
	if slices.Contains(explained, cmd.Name()) {
		cmd.Flags().BoolVar(&c.options.explain, "explain", false, "show why each provider was ranked or refused, as a table of text; with --format json, the document with the decision")
	}
	for _, f := range schema.Fields {
		if err := addField(cmd, f); err != nil {
			return err
		}
	}
	return nil
}

// addField makes a field a flag.
func addField(cmd *cobra.Command, f *wire.Field) error {
	name := op.Kebab(f.Name)
	if cmd.Flags().Lookup(name) != nil || cmd.InheritedFlags().Lookup(name) != nil {
		return &failure{exit: fault.ExitFailed, line: fmt.Sprintf("the catalogue is wrong: %s has two flags --%s", cmd.Name(), name)}
	}
	flag := cmd.Flags().VarPF(&fieldFlag{field: f}, name, "", f.Doc)
	if f.Schema.Type == wire.Boolean {
		flag.NoOptDefVal = "true"
	}
	if words := offered(f); words != nil {
		return complete(cmd, name, words)
	}
	return nil
}

// offered returns the words that a shell may offer for a field.
func offered(f *wire.Field) []string {
	if f.Schema.Type == wire.Boolean {
		return []string{"true", "false"}
	}
	return f.Values()
}

// operate sends the request and prints the answer.
func (c *client) operate(ctx context.Context, o op.Described, cmd *cobra.Command) error {
	spec := o.Describe()
	if err := c.configure(); err != nil {
		return err
	}
	if err := c.checkOptions(spec); err != nil {
		return err
	}
	if c.hosting {
		return c.plugin(ctx, spec, cmd.Flags())
	}
	if err := c.asksDecision(spec, cmd.Flags().Set); err != nil {
		return usage("--explain: %s", err)
	}
	body, err := c.body(cmd.Flags())
	if err == nil {
		body, err = loose(o, body)
	}
	if err != nil {
		return err
	}
	link, err := c.connect()
	if err != nil {
		return err
	}
	r := c.request(spec, body)
	a, err := c.carryOut(ctx, link, spec, r)
	if err != nil {
		return withKey(err, r.keyMade)
	}
	return c.finish(spec, r, a)
}

// carryOut sends a request, and does what the options ask beside: it waits for
// the end, and asks for what was decided.
func (c *client) carryOut(ctx context.Context, l *link, spec op.Spec, r request) (answer, error) {
	a, err := l.do(ctx, r)
	if err == nil && c.options.wait && a.running(spec) {
		a, err = c.follow(ctx, l, a)
	}
	if err == nil && c.options.explain && (spec.Name == executing || a.waited) {
		a = c.withDecision(ctx, l, a)
	}
	a.waited = a.waited || c.options.wait && spec.Name == getOperation // over before anybody waited
	return a, err
}

// finish prints an answer, and turns one that is not a full success into the
// failure that it is.
func (c *client) finish(spec op.Spec, r request, a answer) error {
	if f := a.verdict(spec); f != nil {
		f.document = a.body
		return withKey(f, r.keyMade)
	}
	if err := c.print(a.body); err != nil {
		return &failure{exit: fault.ExitFailed, line: "writing the answer: " + err.Error()}
	}
	return nil
}
