package main

import (
	"bytes"

	"github.com/spf13/cobra"

	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/providers/awsrole"
	"github.com/openhostfactory/ohfp/shared/wire"
)

const providerRole = "provider-role"

// awsCommand holds what is done for accounts of AWS. Nothing of it asks a broker
// or AWS.
func (c *client) awsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "aws COMMAND", Short: "Print what an account of AWS needs for its machines",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Help()
			}
			if near := wire.Nearest(args[0], []string{providerRole}); near != "" {
				return usage("unknown command %q; did you mean \"aws %s\"?", args[0], near)
			}
			return usage("unknown command %q; there is \"aws %s\"", args[0], providerRole)
		},
	}
	cmd.AddCommand(c.providerRoleCommand())
	return cmd
}

func (c *client) providerRoleCommand() *cobra.Command {
	var o awsrole.Options
	cmd := &cobra.Command{
		Use: providerRole, Short: "Print the CloudFormation template of the role that a broker takes in an account",
		Long: "Print what an account of AWS gives to a broker, as a CloudFormation template: a role that may make, find\n" +
			"and end machines of this broker and nothing else, and with --bus-arn a rule that tells the broker what EC2\n" +
			"says of machines. How it is deployed, also in further regions, stands at its top.\n\n" +
			"The broker's id is the tag ohfp:broker of its machines. Registrations name the role as role_arn, with the\n" +
			"same external_id; use another one for each account.",
		Example: "  # A role, to read and to deploy\n  ohfp aws provider-role --broker-account 999988887777 --external-id \"$(openssl rand -hex 16)\" \\\n" +
			"    --broker 7f1e2d3c-0000-4000-8000-000000000001 > provider-role.yaml\n" +
			"  # One whose machines may have the role workers, and that tells what happens to them\n  ohfp aws provider-role --broker-account 999988887777 --external-id 9f86d081 \\\n" +
			"    --broker 7f1e2d3c-0000-4000-8000-000000000001 --instance-role workers \\\n" +
			"    --bus-arn arn:aws:events:eu-west-1:999988887777:event-bus/ohfp-prod",
		Args: arguments,
		RunE: func(*cobra.Command, []string) error { return c.printProviderRole(o) },

		ValidArgsFunction: cobra.NoFileCompletions,
	}
	f := cmd.Flags()
	f.StringVar(&o.BrokerAccount, "broker-account", "", "`ACCOUNT` of AWS that the broker lives in, or that its credentials are of; required")
	f.StringVar(&o.ExternalID, "external-id", "", "`ID` that the broker shows when it takes the role; required")
	f.StringVar(&o.Broker, "broker", "", "`ID` of the broker, a UUID; required")
	f.StringVar(&o.RoleName, "role-name", awsrole.Prefix+"ohfp", "`NAME` of the role; a broker on AWS takes those that begin with "+awsrole.Prefix)
	f.StringVar(&o.BusARN, "bus-arn", "", "`ARN` of the broker's event bus (default: nothing is told)")
	f.StringSliceVar(&o.InstanceRoles, "instance-role", nil, "`NAME` of a role that machines may get by an instance profile; can be given again")
	return cmd
}

func (c *client) printProviderRole(o awsrole.Options) error {
	var text bytes.Buffer
	if err := awsrole.Write(&text, o); err != nil {
		return usage("%s", err)
	}
	if _, err := text.WriteTo(c.stdout); err != nil {
		return &failure{exit: fault.ExitFailed, line: "writing the template: " + err.Error()}
	}
	return nil
}
