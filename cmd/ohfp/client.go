package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/openhostfactory/ohfp/cmd/ohfp/internal/show"
	"github.com/openhostfactory/ohfp/shared/op"
	"github.com/openhostfactory/ohfp/shared/wire"
)

// client is one start of the program.
type client struct {
	process
	ops     []op.Described
	options options
	hosting bool       // a scheduler calls
	began   time.Time  // when the program was started
	host    hostConfig // what its plug-in is configured with
	profile string     // of AWS, to sign with; "": as AWS's variables say
	region  string     // to sign for, where the endpoint does not say
}

// execute parses the command line and carries it out.
func (c *client) execute(ctx context.Context) error {
	root := c.root(ctx)
	if cmd := c.asked(root); cmd != nil {
		if err := c.prepare(cmd); err != nil {
			return err
		}
	}
	root.SetArgs(c.args)
	return root.ExecuteContext(ctx)
}

// root is the command tree, without the flags of the operations.
func (c *client) root(ctx context.Context) *cobra.Command {
	root := &cobra.Command{
		Use: "ohfp", Short: "Client of the Open Host Factory provider broker",
		SilenceErrors: true, SilenceUsage: true, Version: version,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Help()
			}
			return c.unknown(cmd, args[0])
		},
	}
	root.SetIn(c.stdin)
	root.SetOut(c.stdout)
	root.SetErr(c.stderr)
	c.connectionFlags(root.PersistentFlags())
	root.SetGlobalNormalizationFunc(dashes)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return c.flagError(cmd, err) })
	root.SetHelpFunc(func(cmd *cobra.Command, _ []string) { c.help(cmd) })
	root.SetHelpCommand(c.helpCommand())
	for _, o := range c.ops {
		if len(op.Routes(o.Describe())) > 0 {
			root.AddCommand(c.operationCommand(ctx, o))
		}
	}
	root.AddCommand(c.applyCommand(ctx), c.awsCommand(), c.doctorCommand(ctx), c.eventsCommand(ctx), c.exportCommand(ctx), c.replayCommand(ctx),
		c.supportBundleCommand(ctx), c.templatesCommand(ctx), c.providersCommand(ctx), c.hostFactoryCommand(ctx), c.versionCommand())
	root.InitDefaultCompletionCmd()
	return root
}

// dashes makes --strategy_name the same flag as --strategy-name.
func dashes(_ *pflag.FlagSet, name string) pflag.NormalizedName {
	return pflag.NormalizedName(strings.ReplaceAll(name, "_", "-"))
}

// asked returns the command that the arguments name, also when they ask for
// its help or for a completion; nil for none.
func (c *client) asked(root *cobra.Command) *cobra.Command {
	args := c.args
	if len(args) > 0 && slices.Contains([]string{cobra.ShellCompRequestCmd, cobra.ShellCompNoDescRequestCmd, "help"}, args[0]) {
		args = args[1:]
	}
	cmd, _, err := root.Find(args)
	if err != nil {
		return nil // what is wrong with them is said when they are executed
	}
	return cmd
}

// unknown is the answer to a subcommand that is not there.
func (c *client) unknown(root *cobra.Command, word string) error {
	var known []string
	for _, cmd := range root.Commands() {
		known = append(known, cmd.Name())
	}
	if near := wire.Nearest(word, known); near != "" {
		return usage("unknown operation %q; did you mean %s?", word, near)
	}
	return usage("unknown operation %q; \"ohfp --help\" lists them", word)
}

// flagError names the flag that was nearly meant. The flags of an operation
// are unknown when it is the operation that is misspelt.
func (c *client) flagError(cmd *cobra.Command, err error) error {
	var missing *pflag.NotExistError
	if !errors.As(err, &missing) {
		return usage("%s", err)
	}
	if cmd == cmd.Root() && !strings.HasPrefix(c.args[0], "-") {
		return c.unknown(cmd, c.args[0])
	}
	var known []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { known = append(known, f.Name) })
	cmd.InheritedFlags().VisitAll(func(f *pflag.Flag) { known = append(known, f.Name) })
	name := missing.GetSpecifiedName()
	if near := wire.Nearest(name, known); near != "" {
		return usage("unknown flag --%s; did you mean --%s?", name, near)
	}
	return usage("unknown flag %s; \"%s --help\" lists them", dashed(name), cmd.CommandPath())
}

func dashed(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}

func (c *client) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Say which version this is", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if c.format() == show.Table {
				_, err := fmt.Fprintf(c.stdout, "ohfp %s (%s, %s/%s)\n", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
				return err
			}
			return c.print(fmt.Appendf(nil, `{"version":%q,"go":%q,"platform":%q}`, version, runtime.Version(), runtime.GOOS+"/"+runtime.GOARCH))
		},
	}
}

func (c *client) helpCommand() *cobra.Command {
	return &cobra.Command{
		Use: "help [operation]", Short: "Show the help of an operation",
		RunE: func(cmd *cobra.Command, args []string) error {
			found, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 || (found == cmd.Root() && len(args) > 0) {
				return c.unknown(cmd.Root(), strings.Join(args, " "))
			}
			return found.Help()
		},
		ValidArgsFunction: func(cmd *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
			var names []cobra.Completion
			for _, sub := range cmd.Root().Commands() {
				names = append(names, cobra.CompletionWithDesc(sub.Name(), sub.Short))
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
	}
}
