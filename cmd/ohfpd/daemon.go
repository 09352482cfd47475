package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/openhostfactory/ohfp/shared/host/localhost"
)

// endpointFile tells programs on this machine where the broker is: a URL with
// the scheme http, https or unix. It is there while the broker serves.
const endpointFile = "endpoint"

// invokeFile tells where functions can be called as on AWS Lambda, when the
// broker runs them. Who may read it may call them.
const invokeFile = "invoke"

// daemon is a broker with its door open.
type daemon struct {
	site     *site
	server   *localhost.Server
	listener net.Listener
	log      *slog.Logger
	url      string
	dataDir  string
}

// enter writes the address down for tools.
func enter(cfg Config, d *daemon) (*daemon, error) {
	d.dataDir = cfg.DataDir
	d.url = address(d.listener.Addr(), cfg.TLS.Cert != "")
	for name, url := range d.addresses() {
		path := filepath.Join(d.dataDir, name)
		if err := writePrivate(path, url+"\n"); err != nil {
			return nil, errors.Join(fmt.Errorf("writing %s: %w", path, err), d.listener.Close())
		}
	}
	return d, nil
}

// addresses are what a broker says of itself in its data directory, by file.
func (d *daemon) addresses() map[string]string {
	at := map[string]string{endpointFile: d.url}
	if d.site.InvokeURL != "" {
		at[invokeFile] = d.site.InvokeURL
	}
	return at
}

// leave takes the addresses back.
func (d *daemon) leave() error {
	var errs []error
	for name := range d.addresses() {
		if err := os.Remove(filepath.Join(d.dataDir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, fmt.Errorf("leaving: %w", err))
		}
	}
	return errors.Join(errs...)
}

// address is the URL of a listener for callers on this machine.
func address(a net.Addr, encrypted bool) string {
	tcp, ok := a.(*net.TCPAddr)
	if !ok {
		return "unix://" + a.String()
	}
	at := *tcp
	if at.IP.IsUnspecified() {
		at.IP = net.IPv4(127, 0, 0, 1)
	}
	if encrypted {
		return "https://" + at.String()
	}
	return "http://" + at.String()
}

// announce says where the broker is, and what to type next.
func (d *daemon) announce(w world) {
	if othersMayWrite(d.dataDir) {
		d.log.Warn("others may write into the data directory, and could put a store or a token of their own there: chmod go-w", "data_dir", d.dataDir)
	}
	try := d.firstCommand(xdg{w.getenv})
	d.log.Info("serving", "address", d.url, "data_dir", d.dataDir, "try", try, "version", versionText())
	if w.terminal {
		fmt.Fprintf(w.stderr, "ohfpd serves %s, with its data in %s. Try: %s\n", d.url, d.dataDir, try)
	}
}

// firstCommand has no flags where ohfp finds address and token by itself.
func (d *daemon) firstCommand(dirs xdg) string {
	try := "ohfp listAvailableProviders"
	if d.url != "http://"+defaultListen {
		try += " --endpoint " + quoted(d.url)
	}
	if usual, err := dirs.data(); err != nil || usual != d.dataDir {
		try += " --token-file " + quoted(filepath.Join(d.dataDir, tokenFile))
	}
	return try
}

// quoted is s as one word of a shell.
func quoted(s string) string {
	if !strings.ContainsAny(s, " \t\n'\"\\$`&|;<>()*?[]#~!{}") {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// run serves until ctx ends or the background work fails. Requests finish
// first, while the background work that they wait for goes on.
func (d *daemon) run(ctx context.Context) error {
	serving, stop := context.WithCancel(ctx)
	defer stop()
	working, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	worked := make(chan error, 1)
	go func() {
		defer stop()
		worked <- d.site.Run(working)
	}()

	said := make(chan struct{})
	serves := context.AfterFunc(serving, func() { d.log.Info("stopping"); close(said) })
	err := d.server.Serve(serving, d.listener, requestGrace)
	end()
	err = errors.Join(err, wait(worked))
	if !serves() { // the line is on its way, and the log may be closed next
		<-said
	}
	return err
}

func wait(worked <-chan error) error {
	timer := time.NewTimer(backgroundGrace)
	defer timer.Stop()
	select {
	case err := <-worked:
		if err == nil || errors.Is(err, context.Canceled) {
			return nil
		}
		return fmt.Errorf("working in the background: %w", err)
	case <-timer.C:
		return fmt.Errorf("the work in the background did not stop within %s", backgroundGrace)
	}
}
