package plan

import (
	"fmt"
	"slices"
	"strings"
)

// conflict is a rule that values of several members break together.
type conflict struct {
	broken bool
	say    string
}

func (c *Config) conflicts(context map[string]any) []error {
	var errs []error
	for _, r := range slices.Concat(c.doorConflicts(context), c.otherConflicts()) {
		if r.broken {
			errs = append(errs, fmt.Errorf("%s", r.say))
		}
	}
	return append(errs, c.reservedForNobody()...)
}

func (c *Config) doorConflicts(context map[string]any) []conflict {
	private := fmt.Sprint(context["api"]) == "private"
	return []conflict{
		{
			c.JWT != nil && (c.JWT.Issuer == "" || len(c.JWT.Audience) == 0),
			"context auth: jwt needs jwtIssuer and jwtAudience: set both, or take auth iam",
		},
		{
			c.JWT != nil && fmt.Sprint(context["auth"]) != "jwt",
			"context jwtIssuer, jwtAudience: they are for auth jwt: set it, or leave them out",
		},
		{
			c.JWT != nil && private,
			"context auth: a private API knows no jwt: take auth iam",
		},
		{
			private != (c.PrivateVPC != ""),
			"context vpc: it is for api private, and that needs it: set both or neither",
		},
	}
}

func (c *Config) otherConflicts() []conflict {
	return []conflict{
		{
			slices.Contains(c.Providers, "static") != (c.Static != nil),
			"context staticVpc: functions of static pools run in it: set it with static in enabledProviders, or leave out both",
		},
		{
			(c.TableARN != "") != (c.TableStreamARN != ""),
			"context tableArn: it needs tableStreamArn, from which events are told: set both or neither. " +
				"A restored table has no stream: aws dynamodb update-table --table-name NAME --stream-specification StreamEnabled=true,StreamViewType=NEW_IMAGE",
		},
		{
			c.TableARN != "" && c.TableStreamARN != "" && !strings.HasPrefix(c.TableStreamARN, c.TableARN+"/"),
			"context tableStreamArn: it is of another table than tableArn: take both of one",
		},
	}
}

func (c *Config) reservedForNobody() []error {
	var errs []error
	for _, kind := range Kinds() {
		if _, reserved := c.Reserved[kind]; reserved && !slices.Contains(c.Providers, kind) {
			errs = append(errs, fmt.Errorf("context reservedConcurrency: %s is not in enabledProviders: add it there, or leave its reservation out", kind))
		}
	}
	return errs
}
