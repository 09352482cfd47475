package main

import (
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/openhostfactory/ohfp/shared/fault"
	jsonwire "github.com/openhostfactory/ohfp/shared/wire"
)

// usageError is a mistake in flags or configuration: exit status 2.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

func usage(format string, args ...any) error {
	return &usageError{fmt.Errorf(format, args...)}
}

// oneLine is err for a person at a terminal. A fault's detail says what
// happened and what to do; its code is for machines.
func oneLine(err error) string {
	text := err.Error()
	if f, ok := errors.AsType[*fault.Error](err); ok && f.Detail != "" {
		text = f.Detail
		if f.Err != nil {
			text += " (" + f.Err.Error() + ")"
		}
	}
	return strings.Join(strings.Fields(text), " ")
}

const examples = `  # Serve on http://127.0.0.1:8080, data in ~/.local/share/ohfp
  ohfpd

  # Any free port; the address is then in the file endpoint of the data directory
  ohfpd --listen 127.0.0.1:0 --data-dir /tmp/ohfp

  # For other machines, with TLS and client certificates
  ohfpd --listen 0.0.0.0:8443 --tls-cert server.pem --tls-key server.key --client-ca ca.pem

  # Only for this user, on a socket file
  ohfpd --listen unix:/run/user/1000/ohfpd.sock

  # One of several brokers on a DynamoDB table
  ohfpd --store dynamodb:ohfp

  # The binaries that are deployed to AWS Lambda, on this machine
  ohfpd --store dynamodb:ohfp --lambdas build/amd64`

// flags are the values of the command line; "" is unset.
type flags struct {
	listen, dataDir, config, store, lambdas string
	createTable                             bool
	tlsCert, tlsKey, clientCA               string
	logFile, logLevel                       string
}

func rootCommand(w world) *cobra.Command {
	var f flags
	c := &cobra.Command{
		Use:           "ohfpd",
		Short:         "The broker of one machine",
		Long:          "ohfpd chooses providers, carries operations out and keeps their record: on this machine\nalone, or in a table that several brokers share. It runs until it is told to stop; ohfp talks\nto it.",
		Example:       examples,
		Version:       versionText(),
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := configure(f, w)
			if err != nil {
				return err
			}
			return serve(c.Context(), cfg, w)
		},
	}
	c.SetArgs(w.args)
	c.SetOut(w.stdout)
	c.SetErr(w.stderr)
	c.SetVersionTemplate("ohfpd {{.Version}}\n")
	c.SetFlagErrorFunc(flagError)
	f.define(c.Flags())
	return c
}

func (f *flags) define(s *pflag.FlagSet) {
	s.SortFlags = false
	s.StringVar(&f.listen, "listen", "", "`address` host:port or unix:/path; port 0 takes any free one (default "+defaultListen+")")
	s.StringVar(&f.dataDir, "data-dir", "", "`directory` of database, token and lock (default $XDG_DATA_HOME/ohfp or ~/.local/share/ohfp)")
	s.StringVar(&f.config, "config", "", "configuration `file` (default $XDG_CONFIG_HOME/ohfp/ohfpd.yaml or ~/.config/ohfp/ohfpd.yaml, if it is there)")
	s.StringVar(&f.store, "store", "sqlite", "`store`: sqlite, in the data directory, or dynamodb:TABLE, which several brokers may share")
	s.BoolVar(&f.createTable, "create-table", false, "make the DynamoDB table if there is none; for trying out")
	s.StringVar(&f.lambdas, "lambdas", "", "run the functions of this `directory`, as make functions builds them, instead of carrying\noperations out in this process; needs --store dynamodb:TABLE")
	s.StringVar(&f.tlsCert, "tls-cert", "", "PEM `file` with the certificate; needed beyond loopback")
	s.StringVar(&f.tlsKey, "tls-key", "", "PEM `file` with the certificate's key")
	s.StringVar(&f.clientCA, "client-ca", "", "PEM `file` of the authority whose certificates callers must bring")
	s.StringVar(&f.logFile, "log-file", "", "`file` to append the log to (default standard error)")
	s.StringVar(&f.logLevel, "log-level", "", "`level`: debug, info, warn or error (default $HF_LOG_LEVEL or info)")
}

func noArguments(_ *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return usage("unexpected argument %q: ohfpd takes flags only; ohfpd --help lists them", args[0])
}

func flagError(c *cobra.Command, err error) error {
	hint := "ohfpd --help lists the flags"
	if _, name, ok := strings.Cut(err.Error(), "unknown flag: --"); ok {
		var known []string
		c.Flags().VisitAll(func(f *pflag.Flag) { known = append(known, f.Name) })
		if near := jsonwire.Nearest(name, known); near != "" {
			hint = "did you mean --" + near + "?"
		}
	}
	return usage("%w: %s", err, hint)
}

// versionText is the version, and the compiler's.
func versionText() string {
	v := version
	if info, ok := debug.ReadBuildInfo(); ok && v == "" {
		v = info.Main.Version
	}
	return v + " " + runtime.Version()
}
