package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/openhostfactory/ohfp/cmd/ohfp/internal/awsprov"
	"github.com/openhostfactory/ohfp/cmd/ohfp/internal/document"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/wire"
)

// templatesCommand holds what is done with templates of others.
func (c *client) templatesCommand(ctx context.Context) *cobra.Command {
	cmd := &cobra.Command{
		Use: "templates COMMAND", Short: "Take templates over from IBM Spectrum Symphony and LSF",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Help()
			}
			if near := wire.Nearest(args[0], []string{"import"}); near != "" {
				return usage("unknown command %q; did you mean \"templates %s\"?", args[0], near)
			}
			return usage("unknown command %q; there is \"templates import\"", args[0])
		},
	}
	cmd.AddCommand(c.importCommand(ctx))
	return cmd
}

func (c *client) importCommand(ctx context.Context) *cobra.Command {
	var how importing
	cmd := &cobra.Command{
		Use: "import FILE...", Short: "Register the templates of an awsprov_templates.json",
		Long: "Register the templates of an awsprov_templates.json, in which IBM Spectrum Symphony and the LSF\n" +
			"resource connector describe machines of AWS.\n\n" +
			"Of each field it is said whether it is kept (the same field), mapped (another field says it), or\n" +
			"refused (nothing says it), and why. What is refused is not registered; with --strict nothing is, when\n" +
			"anything is refused. userDataScript names a file, whose content becomes user data. A second run changes\n" +
			"nothing. The files for Azure, Google Cloud and Kubernetes are refused by name: those kinds are not built.",
		Example: "  # What would become of each field\n  ohfp templates import examples/awsprov_templates.json --dry-run\n" +
			"  # Register them\n  ohfp templates import examples/awsprov_templates.json",
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage("templates import: name the file, such as awsprov_templates.json")
			}
			return c.importTemplates(ctx, args, how)
		},
	}
	cmd.Flags().BoolVar(&how.dry, "dry-run", false, "show what would become of each field, and change nothing")
	cmd.Flags().BoolVar(&how.strict, "strict", false, "register nothing when any field is refused")
	return cmd
}

// importing says how templates are imported.
type importing struct{ dry, strict bool }

func (c *client) importTemplates(ctx context.Context, files []string, how importing) error {
	b, err := c.bench()
	if err != nil {
		return err
	}
	var s site
	var bad []place
	for _, file := range files {
		found, wrong, err := c.readTemplates(file)
		if err != nil {
			return err
		}
		s.objects, bad = append(s.objects, found...), append(bad, wrong...)
	}
	if err := unusable(codeUsage, append(bad, twice(s.objects)...)); err != nil {
		return err
	}
	if how.strict {
		if err := unusable(string(fault.NotSupported), refusedFields(s.objects)); err != nil {
			return err
		}
	}
	return b.bring(ctx, s, applying{dry: how.dry})
}

func refusedFields(objects []*object) (bad []place) {
	for _, o := range objects {
		for _, f := range o.fields {
			if f.Outcome == awsprov.Refused {
				bad = append(bad, place{Field: o.path + "." + f.Name, Message: f.Reason, File: o.file, Line: f.Line})
			}
		}
	}
	return bad
}

// otherKinds are the beginnings of the names of files for other clouds.
var otherKinds = map[string]string{
	"azureprov": "azure", "cyclecloudprov": "azure", "gcpprov": "gcp", "googleprov": "gcp",
	"openshiftprov": "kubernetes", "k8sprov": "kubernetes", "kubernetesprov": "kubernetes",
}

// readTemplates reads one file and translates what is in it.
func (c *client) readTemplates(file string) (found []*object, bad []place, err error) {
	for prefix, kind := range otherKinds {
		if strings.HasPrefix(strings.ToLower(filepath.Base(file)), prefix) {
			return nil, nil, notSupported("%s: templates for %s are not supported yet: the kind is planned and not built", file, kind)
		}
	}
	doc, bad, err := c.parse(file)
	if err != nil || bad != nil {
		return nil, bad, err
	}
	list := doc
	if doc != nil && doc.Kind == document.Object {
		list = doc.Get("templates")
	}
	if list == nil || list.Kind != document.List {
		return nil, []place{{Message: "want an object with the list templates", File: called(file)}}, nil
	}
	return c.translateAll(list, file)
}

func (c *client) translateAll(list *document.Node, file string) (found []*object, bad []place, err error) {
	for i, n := range list.Elems {
		o := &object{section: templatesSection(), node: n, file: called(file), path: fmt.Sprintf("templates[%d]", i)}
		if n.Kind != document.Object {
			bad = append(bad, o.place("", "want an object, got "+n.Kind.String()))
			continue
		}
		if err := c.translate(o); err != nil {
			return nil, nil, err
		}
		found = append(found, o)
	}
	return found, bad, nil
}

func templatesSection() section {
	for _, s := range sections() {
		if s.key == "templates" {
			return s
		}
	}
	return section{}
}

// translate makes a template of ours of one of theirs. not_supported for one of
// another cloud.
func (c *client) translate(o *object) error {
	if kind, field := awsprov.Kind(o.node); kind != "" {
		return notSupported("%s:%d: %s.%s: templates for %s are not supported yet: the kind is planned and not built",
			o.file, o.node.LineOf(field), o.path, field, kind)
	}
	t := awsprov.Translate(o.node, func(path string) ([]byte, error) {
		if !filepath.IsAbs(path) {
			path = filepath.Join(filepath.Dir(o.file), path)
		}
		return c.readInput(path)
	})
	o.node, o.fields, o.name = t.Node, t.Fields, t.Node.Get(o.section.name).Text()
	return nil
}
