package main

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/openhostfactory/ohfp/shared/dispatch"
)

// file is a site file in the making. Lines that are a choice are comments.
type file struct{ strings.Builder }

func (f *file) line(format string, args ...any) { fmt.Fprintf(f, format+"\n", args...) }

// said is text of somebody else's on one line, for a comment.
func said(text string) string { return strings.Join(strings.Fields(text), " ") }

var plain = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_./:@-]*[A-Za-z0-9_./@-]$`)

// scalar is text as YAML reads it back.
func scalar(text string) string {
	if plain.MatchString(text) && !slices.Contains([]string{"true", "false", "null", "yes", "no", "on", "off"}, strings.ToLower(text)) {
		return text
	}
	return strconv.QuoteToASCII(text)
}

// proposal is the file that apply takes. An error: no broker wrote a.
func proposal(a dispatch.DiscoveredAWS, name string) (string, error) {
	var certain map[string]any
	if err := json.Unmarshal(a.Registration, &certain); err != nil {
		return "", fmt.Errorf("reading strategy_config: %w", err)
	}
	region, _ := certain["region"].(string) // without one apply says what is missing
	if name == "" {
		name = "aws-" + region
	}
	f := &file{}
	f.head(&a, region)
	f.line("providers:\n  - strategy_name: %s\n    provider_type: aws\n    strategy_config:", scalar(name))
	f.registration(certain)
	network := networkOf(&a)
	f.subnets(&a, network)
	f.groups(&a, network)
	f.rest(&a)
	f.template(&a)
	return f.String(), nil
}

func (f *file) head(a *dispatch.DiscoveredAWS, region string) {
	account := "an account"
	if a.Discovery.Account != "" {
		account = "account " + said(a.Discovery.Account)
	}
	f.line("# Proposed for %s of AWS in %s.", account, said(region))
	if a.Discovery.Identity != "" {
		f.line("# Looked at as %s.", said(a.Discovery.Identity))
	}
	f.line("# For a role of the account's own: ohfp aws provider-role --broker %s --help", said(a.BrokerID))
	f.line("# Lines that begin with # are choices: take it away from those that you want.")
	f.line("# Then: ohfp apply -f THIS_FILE --dry-run")
	for _, u := range a.Discovery.Unseen {
		f.line("#\n# Not seen: %s. %s", said(u.What), said(u.Message))
	}
}

// registration writes what is certain.
func (f *file) registration(certain map[string]any) {
	for _, key := range []string{"region", "profile", "role_arn", "external_id", "endpoint_url"} {
		if text, ok := certain[key].(string); ok {
			f.line("      %s: %s", key, scalar(text))
		}
	}
}

// networkOf is the network to begin with: the default one, or the only one; ""
// where that is a choice.
func networkOf(a *dispatch.DiscoveredAWS) string {
	switch n := a.Discovery.Networks; {
	case len(n) > 0 && n[0].Default, len(n) == 1:
		return n[0].ID
	}
	return ""
}

// subnets takes those of the network that have an address left.
func (f *file) subnets(a *dispatch.DiscoveredAWS, network string) {
	f.line("      # Subnets: one or more for each zone; machines are started in any of them.")
	taken := false
	var lines []string
	for _, s := range a.Discovery.Subnets {
		mark := "# "
		if s.Network == network && s.Free > 0 {
			mark, taken = "", true
		}
		reach := "private"
		if s.Public {
			reach = "public addresses"
		}
		lines = append(lines, fmt.Sprintf("        %s- %s  # %s", mark, scalar(s.ID), said(fmt.Sprintf("%s, %d addresses free, %s, network %s %s", s.Zone, s.Free, reach, s.Network, s.Name))))
	}
	f.list("subnets", taken, lines)
}

// groups takes the only one of the network. Of several none is better by itself.
func (f *file) groups(a *dispatch.DiscoveredAWS, network string) {
	f.line("      # Security groups: of the network of the subnets; without one it is the network's default.")
	of := 0
	for _, g := range a.Discovery.SecurityGroups {
		if g.Network == network {
			of++
		}
	}
	taken := false
	var lines []string
	for _, g := range a.Discovery.SecurityGroups {
		mark := "# "
		if g.Network == network && of == 1 {
			mark, taken = "", true
		}
		lines = append(lines, fmt.Sprintf("        %s- %s  # %s", mark, scalar(g.ID), said(g.Name+", network "+g.Network)))
	}
	f.list("security_groups", taken, lines)
}

// list writes a list of which some lines are comments; all of it is one when
// nothing was taken.
func (f *file) list(key string, taken bool, lines []string) {
	mark := ""
	if !taken {
		mark = "# "
	}
	f.line("      %s%s:", mark, key)
	for _, l := range lines {
		f.line("%s", l)
	}
}

func (f *file) rest(a *dispatch.DiscoveredAWS) {
	for _, k := range a.Discovery.KeyNames {
		f.line("      # key_name: %s", scalar(k))
	}
	f.line("      # instance_profile: NAME  # is not looked up; see: aws iam list-instance-profiles")
}

// template is the beginning of one. Its image and its machine types are choices.
func (f *file) template(a *dispatch.DiscoveredAWS) {
	f.line("\n# The beginning of a template: take one image, and the machine types that you want.")
	f.line("# templates:\n#   - template_id: worker\n#     machine_types: [m7i.large, m7a.large]")
	for _, i := range a.Discovery.Images {
		whose := "of AWS"
		if i.Own {
			whose = "of the account"
		}
		f.line("#     image: %s  # %s", scalar(i.ID), said(fmt.Sprintf("%s, %s, %s", i.Name, whose, i.Created.Format("2006-01-02"))))
	}
	if len(a.Discovery.Images) == 0 {
		f.line("#     image: ami-")
	}
}
