package main

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/openhostfactory/ohfp/cmd/ohfp/internal/document"
	"github.com/openhostfactory/ohfp/cmd/ohfp/internal/show"
	"github.com/openhostfactory/ohfp/shared/fault"
)

// exportCommand writes what apply takes.
func (c *client) exportCommand(ctx context.Context) *cobra.Command {
	return &cobra.Command{
		Use: "export", Short: "Write providers, templates and configuration as a file for apply",
		Long: "Write providers, templates and configuration as a file for apply, as YAML, or as JSON with\n" +
			"--format json.\n\n" +
			"Applying it to the same broker changes nothing. There are no secrets in it: registrations hold none,\n" +
			"and user data is not written; keep_user_data stands in its place, and keeps what the broker has.",
		Example: "  # To read, and to keep\n  ohfp export\n  # For programs\n  ohfp export --format json",
		Args:    arguments,
		RunE: func(*cobra.Command, []string) error {
			format := strings.ToLower(c.options.format)
			if format == show.Table {
				return usage("--format: a site is written as yaml or json, for apply to read")
			}
			return c.export(ctx, firstOf(format, show.YAML))
		},
		ValidArgsFunction: cobra.NoFileCompletions,
	}
}

func (c *client) export(ctx context.Context, format string) error {
	b, err := c.bench()
	if err != nil {
		return err
	}
	out := &document.Node{Kind: document.Object}
	var remarks []string
	for _, s := range sections() {
		if !c.supported(s) {
			continue
		}
		have, err := s.have(ctx, b)
		if err != nil {
			return err
		}
		n, remark := s.document(have)
		remarks = append(remarks, remark...)
		if n != nil {
			out.Keys, out.Elems = append(out.Keys, document.Key{Name: s.key}), append(out.Elems, n)
		}
	}
	var text bytes.Buffer
	if format == show.YAML {
		for _, r := range remarks {
			fmt.Fprintf(&text, "# %s\n", r)
		}
	}
	err = show.Print(&text, out.Marshal(), show.Options{Format: format})
	if err == nil {
		_, err = text.WriteTo(c.stdout)
	}
	if err != nil {
		return &failure{exit: fault.ExitFailed, line: "writing the site: " + err.Error()}
	}
	return nil
}

// document is what stands under the section's key, with what people should
// know about it.
func (s section) document(have []stored) (*document.Node, []string) {
	var remarks []string
	list := &document.Node{Kind: document.List}
	for _, h := range have {
		if h.leaving {
			remarks = append(remarks, fmt.Sprintf("%s %s is being taken out, and is not in here.", s.noun, h.name))
			continue
		}
		if h.hidden {
			remarks = append(remarks, fmt.Sprintf("%s %s has user data, which is never written; give it as user_data on another broker.", s.noun, h.name))
		}
		list.Elems = append(list.Elems, h.node)
	}
	if s.name != "" {
		return list, remarks
	}
	if len(list.Elems) == 0 {
		return nil, remarks
	}
	return list.Elems[0], remarks
}
