package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/openhostfactory/ohfp/cmd/ohfp/internal/show"
	"github.com/openhostfactory/ohfp/shared/dispatch"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/wire"
)

// providersCommand holds what is done about providers that are not registered.
func (c *client) providersCommand(ctx context.Context) *cobra.Command {
	discover := group("discover KIND", "Propose a registration from what credentials can see", "aws")
	discover.AddCommand(c.discoverAWSCommand(ctx))
	cmd := group("providers COMMAND", "Look for providers that could be registered", "discover")
	cmd.AddCommand(discover)
	return cmd
}

// group is a command that only has others below it.
func group(use, short, child string) *cobra.Command {
	name, _, _ := strings.Cut(use, " ")
	return &cobra.Command{
		Use: use, Short: short,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Help()
			}
			if near := wire.Nearest(args[0], []string{child}); near != "" {
				return usage("unknown command %q; did you mean \"%s %s\"?", args[0], name, near)
			}
			return usage("unknown command %q; there is \"%s %s\"", args[0], name, child)
		},
	}
}

// discovering says where to look, and what the registration is to be called.
type discovering struct {
	dispatch.DiscoverAWSInput
	name string
}

func (c *client) discoverAWSCommand(ctx context.Context) *cobra.Command {
	var how discovering
	cmd := &cobra.Command{
		Use: "aws --region REGION", Short: "Propose a registration of an AWS account, as a file to edit",
		Long: "Propose a registration of an AWS account, and the beginning of a template, as a file to edit.\n\n" +
			"The broker looks, by discoverAws, with the credentials that the registration would use. What is certain is\n" +
			"in the file; where there is a choice, it is a comment: take the # away from what you want. What the\n" +
			"credentials may not look at is said. Nothing is stored: ohfp apply does that.",
		Example: "  # See what there is\n  ohfp providers discover aws --region us-west-2 > site.yaml\n" +
			"  # Edit it, then\n  ohfp apply -f site.yaml --dry-run\n" +
			"  # In another account\n  ohfp providers discover aws --region us-west-2 --role-arn arn:aws:iam::111122223333:role/ohfp-provider --external-id ours",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usage("unexpected argument %q; the region is given with --region", args[0])
			}
			return nil
		},
		RunE:              func(*cobra.Command, []string) error { return c.discoverAWS(ctx, how) },
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	f := cmd.Flags()
	f.StringVar(&how.Region, "region", "", "region, such as us-west-2")
	f.StringVar(&how.Profile, "profile", "", "profile of the AWS configuration on the broker's machine")
	f.StringVar(&how.RoleARN, "role-arn", "", "role that the broker assumes in the account")
	f.StringVar(&how.ExternalID, "external-id", "", "external id that the role's trust policy asks for")
	f.StringVar(&how.EndpointURL, "endpoint-url", "", "endpoint of a compatible cloud")
	f.StringVar(&how.name, "name", "", "what the provider is to be called (default aws-REGION)")
	return cmd
}

func (c *client) discoverAWS(ctx context.Context, how discovering) error {
	if how.Region == "" {
		return usage("providers discover aws: name the region: --region us-west-2")
	}
	b, err := c.bench()
	if err != nil {
		return err
	}
	body, err := json.Marshal(how.DiscoverAWSInput)
	if err != nil {
		return fmt.Errorf("writing the request: %w", err)
	}
	a, err := b.call(ctx, dispatch.DiscoverAWS.Name, body, false)
	if err != nil {
		return err
	}
	if f := a.verdict(dispatch.DiscoverAWS.Spec); f != nil {
		f.document = a.body
		return f
	}
	return c.propose(a, how)
}

// propose prints the file. Where nothing at all was seen there is none.
func (c *client) propose(a answer, how discovering) error {
	var found dispatch.DiscoveredAWS
	if err := json.Unmarshal(a.body, &found); err != nil {
		return notDiscovered(err)
	}
	if d := found.Discovery; len(d.Networks)+len(d.Subnets)+len(d.SecurityGroups) == 0 && len(d.Unseen) > 0 {
		return &failure{exit: fault.ExitFailed, document: a.body, line: "nothing of the account can be seen: " + d.Unseen[0].Message}
	}
	if strings.EqualFold(c.options.format, show.JSON) {
		return c.print(a.body)
	}
	text, err := proposal(found, how.name)
	if err != nil {
		return notDiscovered(err)
	}
	if _, err := fmt.Fprint(c.stdout, text); err != nil {
		return &failure{exit: fault.ExitFailed, line: "writing the file: " + err.Error()}
	}
	return nil
}

func notDiscovered(err error) error {
	return clientProblem{Title: "Not the answer of a broker", Detail: "discoverAws: " + err.Error(), Code: codeUnexpected}.failure(fault.ExitFailed)
}
