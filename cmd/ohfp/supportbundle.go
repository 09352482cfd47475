package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/openhostfactory/ohfp/cmd/ohfp/internal/bundle"
	"github.com/openhostfactory/ohfp/shared/fault"
)

// Bounds of a bundle: what fits into a report.
const (
	logLines = 1000
	logBytes = 512 << 10
	logRead  = 4 << 20 // of the end of the file
)

// bundling is how a bundle is made.
type bundling struct {
	output, log       string
	hours, operations int
}

func (c *client) supportBundleCommand(ctx context.Context) *cobra.Command {
	var b bundling
	cmd := &cobra.Command{
		Use: "support-bundle", Short: "Collect what a report of a problem needs, without what is private, in one file",
		Long: "Collect what a report of a problem needs in one .tar.gz: versions, configuration, providers, health with its\n" +
			"history and breakers, metrics, the last operations with their attempts and decisions, the end of a log, and\n" +
			"the names of the environment's variables that matter here.\n\n" +
			"Secrets, user data, tags, notes, registrations and addresses of machines are left out, by their names; the\n" +
			"manifest in it says what it holds and what it does not. Look before you send it all the same: messages of\n" +
			"providers are in it as they are. A broker that does not answer still gives a bundle, with what is there.",
		Example: "  # With the end of the broker's log\n  ohfp support-bundle --log-file /var/log/ohfpd.log",
		Args:    arguments,
		RunE: func(*cobra.Command, []string) error {
			if b.hours < 1 || b.hours > 840 || b.operations < 0 || b.operations > 200 {
				return usage("support-bundle: want --hours from 1 to 840 and --operations from 0 to 200")
			}
			return c.supportBundle(ctx, b)
		},
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	cmd.Flags().StringVarP(&b.output, "output", "o", "", "`FILE` to write; it must not be there yet (default: ohfp-support-TIME.tar.gz here)")
	cmd.Flags().StringVar(&b.log, "log-file", "", "`FILE` with the broker's log; its last 1,000 lines are taken")
	cmd.Flags().IntVar(&b.hours, "hours", 24, "how far back health and metrics go")
	cmd.Flags().IntVar(&b.operations, "operations", 20, "how many of the last operations are taken")
	return cmd
}

// collector asks a broker for what goes into a bundle. The first time that
// there is no answer is the last that it asks.
type collector struct {
	*client
	link   *link
	bundle *bundle.Bundle
	dead   string // why nothing is asked any more
}

func (c *client) supportBundle(ctx context.Context, how bundling) error {
	if err := c.configure(); err != nil {
		return err
	}
	if err := c.checkConnection(); err != nil {
		return err
	}
	k := &collector{client: c, bundle: bundle.New(c.now())}
	var err error
	if k.link, err = c.connect(); err != nil {
		k.dead = err.Error() // a token that is not there is what a report may be about
	}
	k.local(how)
	k.remote(ctx, how)
	return k.write(how)
}

// local is what is known without a broker.
func (k *collector) local(how bundling) {
	k.bundle.Document("client.json", "this program and how it looks for the broker", compact(map[string]any{
		"version": version, "go": runtime.Version(), "platform": runtime.GOOS + "/" + runtime.GOARCH, "endpoint": harmlessURL(k.options.endpoint),
	}))
	names := []string{}
	for _, pair := range k.environ() {
		name, _, _ := strings.Cut(pair, "=")
		if ours(name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	k.bundle.Document("environment.json", "the names of the variables that matter here, without their values", compact(map[string]any{"names": names}))
	k.bundle.LeaveOut("values of the environment", "they may be secret")
	k.logTail(how.log)
}

// harmlessURL is an endpoint without who asks.
func harmlessURL(given string) string {
	e, err := parseEndpoint(given)
	if err != nil {
		return "not a URL that can be used"
	}
	return e.given
}

// ours reports whether a variable says something about this program, the
// broker, AWS's SDK or the schedulers' scripts.
func ours(name string) bool {
	for _, prefix := range []string{"OHFP_", "HF_", "AWS_", "XDG_", "EGO_", "LSF_", "PRO_", "PROVIDER_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"} {
		if strings.HasPrefix(strings.ToUpper(name), prefix) {
			return true
		}
	}
	return false
}

func (k *collector) logTail(path string) {
	if path == "" {
		k.bundle.LeaveOut("the broker's log", "not named; --log-file names it")
		return
	}
	data, err := tail(path)
	if err != nil {
		k.bundle.LeaveOut("the broker's log", err.Error())
		return
	}
	k.bundle.Text("log.txt", "the end of the log", bundle.Log(data, logLines, logBytes))
}

// tail is the end of a file, from the beginning of a line.
func tail(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // read only: nothing can be lost
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	from := max(0, info.Size()-logRead)
	data, err := io.ReadAll(io.NewSectionReader(f, from, logRead))
	if from > 0 && err == nil {
		_, after, _ := strings.Cut(string(data), "\n")
		data = []byte(after)
	}
	return data, err
}

// remote is what a broker says.
func (k *collector) remote(ctx context.Context, how bundling) {
	k.about(ctx)
	k.ask(ctx, "getProviderStrategyConfig", "configuration.json", "the strategy configuration", `{}`)
	k.ask(ctx, "listAvailableProviders", "providers.json", "the providers, with capabilities and what was measured", `{"include_metrics":true}`)
	k.ask(ctx, "getProviderHealth", "health.json", "health and breakers, with history", fmt.Sprintf(`{"include_history":true,"history_hours":%d}`, how.hours))
	k.ask(ctx, "getProviderMetrics", "metrics.json", "metrics by provider and operation, with errors",
		fmt.Sprintf(`{"time_range_hours":%d,"include_operation_breakdown":true,"include_error_details":true}`, how.hours))
	if how.operations == 0 {
		return
	}
	list := k.ask(ctx, "listOperations", "operations.json", "the last operations", fmt.Sprintf(`{"limit":%d}`, how.operations))
	var page struct {
		Operations []struct {
			ID string `json:"operation_id"`
		} `json:"operations"`
	}
	if list == nil || json.Unmarshal(list, &page) != nil {
		return
	}
	for _, o := range page.Operations {
		k.ask(ctx, getOperation, "operations/"+fileName(o.ID)+".json", "an operation with its attempts and its decision; ohfp replay -f takes it",
			fmt.Sprintf(`{"operation_id":%s,"include_evidence":true}`, quoted(o.ID)))
	}
}

// fileName is an id that can be a file's name: a broker's always can.
func fileName(id string) string {
	if isID(id) && !strings.HasPrefix(id, ".") {
		return id
	}
	return "unnamed"
}

// about is which broker it is. Its document says the version; the rest of it
// is the same everywhere.
func (k *collector) about(ctx context.Context) {
	a, ok := k.send(ctx, "broker.json", request{method: http.MethodGet, path: "/v1/openapi.json", header: k.header()})
	var doc struct {
		Info struct {
			Version string `json:"version"`
		} `json:"info"`
	}
	if !ok || json.Unmarshal(a.body, &doc) != nil {
		return
	}
	k.bundle.Document("broker.json", "the version of the broker", compact(map[string]any{"version": doc.Info.Version}))
}

// ask adds the answer of a query; nil: there is none.
func (k *collector) ask(ctx context.Context, query, name, about, body string) []byte {
	o := k.operation(query)
	if o == nil {
		return nil
	}
	a, ok := k.send(ctx, name, k.request(o.Describe(), []byte(body)))
	if !ok {
		return nil
	}
	k.bundle.Document(name, about, a.body)
	return a.body
}

// send asks, or notes why there is nothing.
func (k *collector) send(ctx context.Context, name string, r request) (answer, bool) {
	if k.dead != "" {
		k.bundle.LeaveOut(name, k.dead)
		return answer{}, false
	}
	a, err := k.link.do(ctx, r)
	if f, ok := errors.AsType[*failure](err); ok && f.exit == fault.ExitUnreachable {
		k.dead = "the broker does not answer: " + f.line
	}
	if err == nil && a.status >= http.StatusMultipleChoices {
		err = fmt.Errorf("refused: %s: %s", a.says.Code, a.says.Detail)
	}
	if err != nil {
		k.bundle.LeaveOut(name, oneLine(err.Error()))
		return answer{}, false
	}
	return a, true
}

// bundled is the answer.
type bundled struct {
	File    string           `json:"file"`
	Bytes   int              `json:"bytes"`
	Holds   []bundle.Entry   `json:"holds"`
	LeftOut []bundle.Missing `json:"left_out"`
}

// write puts the bundle where nothing is yet, readable by its owner.
func (k *collector) write(how bundling) error {
	m := k.bundle.Manifest()
	folder := "ohfp-support-" + m.CreatedAt.Format("20060102T150405Z")
	path := firstOf(how.output, folder+".tar.gz")
	data, err := k.bundle.Archive(folder)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return usage("writing the bundle: %s", err)
	}
	if _, err = f.Write(data); err == nil {
		err = f.Close()
	}
	if err != nil {
		return &failure{exit: fault.ExitFailed, line: "writing the bundle: " + err.Error()}
	}
	return k.print(compact(bundled{File: path, Bytes: len(data), Holds: m.Holds, LeftOut: m.LeftOut}))
}
