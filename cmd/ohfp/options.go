package main

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/openhostfactory/ohfp/cmd/ohfp/internal/show"
	"github.com/openhostfactory/ohfp/shared/op"
)

// options are the flags that every operation has.
type options struct {
	// where and how to reach the broker
	endpoint, auth, tokenFile string
	awsProfile, awsRegion     string
	format                    string
	debug                     bool
	// one call
	data, dataFile, file string
	requestID, traceID   string
	idempotencyKey       string
	async, wait, explain bool
}

// The ways to prove who calls.
const (
	authAuto   = "auto"
	authBearer = "bearer"
	authNone   = "none"
	authSigV4  = "sigv4"
)

func proofs() []string { return []string{authAuto, authBearer, authSigV4, authNone} }

// connectionFlags are known before and after the operation's name.
func (c *client) connectionFlags(f *pflag.FlagSet) {
	o := &c.options
	f.StringVar(&o.endpoint, "endpoint", "", "`URL` of the broker; http, https or unix:///path (default: OHFP_ENDPOINT, the config file, "+defaultEndpoint+")")
	f.StringVar(&o.auth, "auth", "", "how to prove who calls: auto, bearer, sigv4 or none (default auto: calls of API Gateway are signed for AWS, others bear the token)")
	f.StringVar(&o.tokenFile, "token-file", "", "`FILE` with the token (default: OHFP_TOKEN_FILE, the config file, where ohfpd puts it)")
	f.StringVar(&o.format, "format", "", "table, json or yaml (default: table on a terminal, else json)")
	f.BoolVar(&o.debug, "debug", false, "log to stderr, as JSON lines, what is sent and how the broker came to its answer; also by HF_LOG_LEVEL=DEBUG")
	f.StringVar(&o.awsProfile, "aws-profile", "", "`NAME` of the profile of AWS to sign calls with (default: AWS's variables, AWS_PROFILE, the config file)")
	f.StringVar(&o.awsRegion, "aws-region", "", "`REGION` to sign calls for, where the endpoint does not name it (default: AWS_REGION, the config file, the profile's)")
}

// callFlags belong to one operation.
func (c *client) callFlags(f *pflag.FlagSet, hasRequestID bool) {
	o := &c.options
	f.StringVar(&o.data, "data", "", "the request as `JSON`, or - for stdin; # and // comments may be in it")
	f.StringVar(&o.dataFile, "data-file", "", "`FILE` with the request as JSON")
	f.StringVarP(&o.file, "file", "f", "", "`FILE` with the request as JSON")
	if !hasRequestID {
		f.StringVar(&o.requestID, "request-id", "", "`ID` that this request has in logs (default: the broker makes one)")
	}
	f.StringVar(&o.traceID, "trace-id", "", "trace `ID` to go on with: 32 hexadecimal digits")
	f.StringVar(&o.idempotencyKey, "idempotency-key", "", "the same `KEY` and request again get the first answer (default: a new one for each command)")
	f.BoolVar(&o.async, "async", false, "answer at once and do the work afterwards")
	f.BoolVar(&o.wait, "wait", false, "follow work that goes on until it has ended")
}

// checkOptions refuses what the flags may not be, before anything is sent.
func (c *client) checkOptions(spec op.Spec) error {
	if err := c.checkConnection(); err != nil {
		return err
	}
	if err := c.checkFit(spec); err != nil {
		return err
	}
	o := c.options
	switch {
	case o.traceID != "" && !isTraceID(o.traceID):
		return usage("--trace-id: want 32 hexadecimal digits, not all 0, got %q", o.traceID)
	case o.requestID != "" && !isID(o.requestID):
		return usage("--request-id: want 1 to 128 letters, digits, dots, dashes and underscores, got %q", o.requestID)
	}
	return nil
}

func (c *client) checkConnection() error {
	o := c.options
	switch {
	case o.format != "" && !oneOf(o.format, show.Formats()):
		return usage("--format: %q is none of %s", o.format, strings.Join(show.Formats(), ", "))
	case !oneOf(o.auth, proofs()):
		return usage("--auth: %q is none of %s", o.auth, strings.Join(proofs(), ", "))
	}
	return nil
}

// checkFit refuses flags that the operation has no use for: one that was
// ignored would look as if it had been obeyed.
func (c *client) checkFit(spec op.Spec) error {
	o := c.options
	switch {
	case o.async && !spec.Async:
		return usage("--async: %s always answers when it is done", spec.Name)
	case o.wait && !spec.Async && spec.Name != getOperation:
		return usage("--wait: %s always answers when it is done", spec.Name)
	case o.idempotencyKey != "" && spec.Kind != op.Command:
		return usage("--idempotency-key: %s changes nothing and needs none", spec.Name)
	}
	return nil
}

func oneOf(word string, words []string) bool {
	for _, w := range words {
		if strings.EqualFold(w, word) {
			return true
		}
	}
	return false
}

func isTraceID(s string) bool {
	return len(s) == 32 && strings.Trim(s, "0123456789abcdef") == "" && strings.Trim(s, "0") != ""
}

// isID reports whether the broker would keep s as a request id.
func isID(s string) bool {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"
	return len(s) <= 128 && strings.Trim(s, letters) == ""
}

// complete offers the words of a flag to a shell.
func complete(cmd *cobra.Command, flag string, words []string) error {
	return cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
}
