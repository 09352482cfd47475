package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/openhostfactory/ohfp/shared/fault"
)

func (c *client) doctorCommand(ctx context.Context) *cobra.Command {
	return &cobra.Command{
		Use: "doctor", Short: "Check the broker and its providers, and say what to correct",
		Long: "Check the broker and its providers, and say what to correct: whether the broker answers and takes the token,\n" +
			"its version and its clock; and of each provider its health, and what its kind can check of it: whose its\n" +
			"credentials are, what they may do, whether the region is enabled, its addresses and its clock.\n\n" +
			"Every provider is asked, also one that is not healthy. Nothing is made or ended: AWS is asked for dry runs,\n" +
			"with a template that is registered and a machine that runs. What could not be tried, or stays open, is\n" +
			"\"unproven\": it is not known to work, and the message says what would show it. Whether machines of one template\n" +
			"can be made is asked by VALIDATE_TEMPLATE. The exit status is 1 when a check fails.",
		Example: "  ohfp doctor\n  # What fails, for programs\n  ohfp doctor --format json | jq '.findings[] | select(.status == \"fail\")'",
		Args:    arguments,
		RunE: func(*cobra.Command, []string) error {
			if err := c.configure(); err != nil {
				return err
			}
			if err := c.checkConnection(); err != nil {
				return err
			}
			d := &doctor{client: c, report: diagnosis{Findings: []finding{}}}
			d.look(ctx)
			return d.tell()
		},
		ValidArgsFunction: cobra.NoFileCompletions,
	}
}

// What a check found.
const (
	fine = "ok"
	warn = "warn"
	bad  = "fail"

	unproven = "unproven" // neither: it was not tried, or shows nothing
)

// finding is one check.
type finding struct {
	Status  string `json:"status"`
	Of      string `json:"of"` // the client, the broker, or a provider
	Check   string `json:"check"`
	Message string `json:"message"`
}

// doctor gathers what was found. Of what depends on a check that failed nothing
// is said.
type doctor struct {
	*client
	link   *link
	report diagnosis
}

// diagnosis is the answer.
type diagnosis struct {
	Failed   int       `json:"failed"`
	Warned   int       `json:"warned"`
	Unproven int       `json:"unproven"`
	Findings []finding `json:"findings"`
}

func (d *doctor) says(of, check, status, format string, args ...any) {
	switch status {
	case bad:
		d.report.Failed++
	case warn:
		d.report.Warned++
	case unproven:
		d.report.Unproven++
	}
	d.report.Findings = append(d.report.Findings, finding{status, of, check, oneLine(fmt.Sprintf(format, args...))})
}

func (d *doctor) look(ctx context.Context) {
	d.ownToken()
	link, err := d.connect()
	if err != nil {
		d.says("client", "connection", bad, "%s", err)
		return
	}
	d.link = link
	if d.reaches(ctx) && d.version(ctx) {
		d.providers(ctx)
	}
}

// tell prints what was found.
func (d *doctor) tell() error {
	document, err := json.Marshal(d.report)
	if err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	if d.report.Failed > 0 {
		return &failure{exit: fault.ExitFailed, document: document, line: fmt.Sprintf("%d of %d checks failed", d.report.Failed, len(d.report.Findings))}
	}
	if err := d.print(document); err != nil {
		return &failure{exit: fault.ExitFailed, line: "writing the report: " + err.Error()}
	}
	return nil
}

// send asks the broker, and takes a refusal for an error.
func (d *doctor) send(ctx context.Context, r request) (answer, error) {
	a, err := d.link.do(ctx, r)
	if err == nil && a.status >= http.StatusMultipleChoices {
		err = errors.New(a.says.Code + ": " + a.says.Detail)
	}
	return a, err
}

// Clocks of client and broker: deadlines and tokens of requests are told in
// durations, but times that people compare are not.
const mostApart = 30 * time.Second

// unnamed is the version of what was built without one.
const unnamed = "development"

// reaches reports whether the broker and its store answer.
func (d *doctor) reaches(ctx context.Context) bool {
	began := d.now()
	a, err := d.send(ctx, request{method: http.MethodGet, path: "/healthz", header: d.header()})
	took := d.now().Sub(began)
	if err != nil {
		d.says("broker", "reachable", bad, "%s", err)
		return false
	}
	d.says("broker", "reachable", fine, "%s and its store answer, in %s", d.link.endpoint.given, took.Round(time.Millisecond))
	switch theirs, err := http.ParseTime(a.date); {
	case err != nil:
		d.says("broker", "clock", warn, "the broker does not tell its time")
	case theirs.Sub(began).Abs() > mostApart+took:
		d.says("broker", "clock", warn, "the broker's clock and this one are %s apart: synchronize them", theirs.Sub(began).Abs().Round(time.Second))
	default:
		d.says("broker", "clock", fine, "agrees with this one")
	}
	return true
}

// version reports whether the broker takes the token.
func (d *doctor) version(ctx context.Context) bool {
	a, err := d.send(ctx, request{method: http.MethodGet, path: "/v1/openapi.json", header: d.header()})
	if err != nil {
		d.says("broker", "token", bad, "%s; --token-file names the file with a token of this broker", err)
		return false
	}
	d.says("broker", "token", fine, "the broker knows who calls")
	var doc struct {
		Info struct {
			Version string `json:"version"`
		} `json:"info"`
	}
	if err := json.Unmarshal(a.body, &doc); err != nil {
		d.says("broker", "version", warn, "the broker does not say its version")
		return true
	}
	if theirs := firstOf(doc.Info.Version, unnamed); theirs != version {
		d.says("broker", "version", warn, "the broker is %q and this client %q: use the same", theirs, version)
		return true
	}
	d.says("broker", "version", fine, "broker and client are %q", version)
	return true
}
