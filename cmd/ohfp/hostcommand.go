package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/openhostfactory/ohfp/cmd/ohfp/internal/plugin"
	"github.com/openhostfactory/ohfp/cmd/ohfp/internal/show"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/hostfactory"
)

// hostFactoryCommand installs and checks the plug-in of a scheduler.
func (c *client) hostFactoryCommand(ctx context.Context) *cobra.Command {
	cmd := &cobra.Command{
		Use: hostFactory, Short: "Install and check the plug-in for IBM Spectrum Symphony and LSF",
		Args: arguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(c.hostInstallCommand(), c.hostCheckCommand(ctx))
	return cmd
}

func (c *client) hostInstallCommand() *cobra.Command {
	var dir, scheduler string
	cmd := &cobra.Command{
		Use: "install --dir DIR", Short: "Write the scripts, and samples of the scheduler's configuration",
		Long: "Write the five scripts of the plug-in (.sh and .bat), its configuration, and samples of what the scheduler's own\n" +
			"files need, and say what to put where. Scripts are written anew each time; configuration that is there stays.",
		Example: "  ohfp hostfactory install --dir /opt/ohfp/hostfactory\n  ohfp hostfactory install --dir /opt/ohfp/hostfactory --scheduler lsf",
		Args:    arguments,
		RunE:    func(*cobra.Command, []string) error { return c.installPlugin(dir, scheduler) },
	}
	cmd.Flags().StringVar(&dir, "dir", "", "`DIR`ectory to write to; made when it is not there")
	cmd.Flags().StringVar(&scheduler, "scheduler", string(hostfactory.Symphony), "whose plug-in it is: symphony or lsf")
	return cmd
}

func (c *client) installPlugin(dir, scheduler string) error {
	if dir == "" {
		return usage("--dir: name the directory to install to")
	}
	if !oneOf(scheduler, hostfactory.Scheduler("").Values()) {
		return usage("--scheduler: %q is none of %s", scheduler, strings.Join(hostfactory.Scheduler("").Values(), ", "))
	}
	if err := c.configure(); err != nil {
		return err
	}
	path, err := os.Executable()
	if err != nil {
		return fmt.Errorf("finding this program: %w", err)
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return fmt.Errorf("finding %s: %w", dir, err)
	}
	e, err := parseEndpoint(c.options.endpoint)
	if err != nil {
		return err
	}
	token, err := c.installedToken()
	if err != nil {
		return err
	}
	o := plugin.Options{
		Dir: dir, Scheduler: hostfactory.Scheduler(strings.ToLower(scheduler)), Client: path, Endpoint: c.options.endpoint,
		TokenFile: token, Signed: c.signs(e), Profile: c.profile, Region: c.region,
	}
	files, err := plugin.Install(o)
	if err != nil {
		return clientProblem{Title: "The plug-in was not installed", Detail: err.Error(), Code: codeUsage}.failure(fault.ExitFailed)
	}
	return c.printValue(struct {
		Status string        `json:"status"`
		Files  []plugin.File `json:"files"`
		Next   []string      `json:"next_steps"`
	}{"installed", files, o.Steps()})
}

// installedToken is the token's file for scripts that run elsewhere; "": none is
// known.
func (c *client) installedToken() (string, error) {
	name := firstOf(c.options.tokenFile, c.defaultTokenFile())
	if name == "" {
		return "", nil
	}
	path, err := filepath.Abs(name)
	if err != nil {
		return "", fmt.Errorf("finding %s: %w", name, err)
	}
	return path, nil
}

func (c *client) hostCheckCommand(ctx context.Context) *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use: "check --dir DIR", Short: "Run the five scripts as a scheduler does, and check their answers",
		Long: "Run the five scripts as a scheduler does, and check their answers. No machine is made or ended: what would do that is\n" +
			"asked for a template and a host that are not there. The environment is handed on, HF_PROVIDER_NAME and the others\n" +
			"included.",
		Example: "  ohfp hostfactory check --dir /opt/ohfp/hostfactory",
		Args:    arguments,
		RunE:    func(*cobra.Command, []string) error { return c.checkPlugin(ctx, dir) },
	}
	cmd.Flags().StringVar(&dir, "dir", "", "`DIR`ectory that was installed to")
	return cmd
}

func (c *client) checkPlugin(ctx context.Context, dir string) error {
	if dir == "" {
		return usage("--dir: name the directory that was installed to")
	}
	found, err := plugin.Check(ctx, dir, c.now)
	if err != nil {
		return err
	}
	failed := 0
	for _, f := range found {
		if !f.OK {
			failed++
		}
	}
	out := struct {
		OK     bool             `json:"ok"`
		Checks []plugin.Finding `json:"checks"`
	}{failed == 0, found}
	if failed == 0 {
		return c.printValue(out)
	}
	document, err := json.Marshal(out)
	if err != nil {
		return err
	}
	return &failure{exit: fault.ExitFailed, document: document, line: fmt.Sprintf("%d of %d scripts do not answer as they should", failed, len(found))}
}

// printValue writes a document of the client's own.
func (c *client) printValue(v any) error {
	document, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if c.format() == show.Table {
		c.options.format = show.YAML // a table has no room for lists of steps
	}
	return c.print(document)
}
