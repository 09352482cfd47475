package plugin

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/openhostfactory/ohfp/shared/hostfactory"
)

// Operations are the calls of a plug-in, each with a script of its name.
func Operations() []string {
	return []string{"getAvailableTemplates", "requestMachines", "getRequestStatus", "requestReturnMachines", "getReturnRequests"}
}

// Options say what to install.
type Options struct {
	Dir       string // where; made when it is not there
	Scheduler hostfactory.Scheduler
	Client    string // path of ohfp
	Endpoint  string // of the broker
	TokenFile string // "": the client finds it, where it has a home directory
	Signed    bool   // calls are signed for AWS, and bear no token
	Profile   string // of AWS, to sign with; "": as AWS's variables say
	Region    string // to sign for; "": as the endpoint says
}

// File is a file that was written.
type File struct {
	Path string `json:"path"`
	What string `json:"what"`
	Kept bool   `json:"kept,omitempty"` // it was there: a configuration is nobody's to overwrite
}

// The name of the provider instance in samples.
const (
	instance   = "ohfpinst"
	pluginName = "ohfp"
)

// configName is the plug-in's own configuration.
const configName = "ohfp.json"

// Install writes scripts and samples. Scripts are written anew each time;
// configuration that is there is left alone.
func Install(o Options) ([]File, error) {
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, fmt.Errorf("finding %s: %w", o.Dir, err)
	}
	o.Dir = dir
	samples, err := o.samples()
	if err != nil {
		return nil, err
	}
	var files []File
	for _, operation := range Operations() {
		script := filepath.Join(dir, "scripts", operation)
		for path, text := range map[string]string{script + ".sh": o.shell(operation), script + ".bat": o.batch(operation)} {
			if err := write(path, []byte(text), 0o755); err != nil {
				return files, err
			}
		}
		files = append(files, File{Path: script + ".sh", What: "script"}, File{Path: script + ".bat", What: "script"})
	}
	for _, s := range samples {
		f := File{Path: filepath.Join(dir, "conf", s.name), What: s.what}
		if f.Kept, err = keep(f.Path, s.data); err != nil {
			return files, err
		}
		files = append(files, f)
	}
	return files, nil
}

// write puts a file in its place as a whole: a scheduler may be running what is
// there, and half a configuration would be kept the next time.
func write(path string, data []byte, mode fs.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // the scheduler runs what is in it as another user
		return fmt.Errorf("making a directory: %w", err)
	}
	part := path + ".part"
	err := os.WriteFile(part, data, mode)
	if err == nil {
		err = os.Rename(part, path)
	}
	if err != nil {
		_ = os.Remove(part) // what could not be written is said below
		return fmt.Errorf("writing a file: %w", err)
	}
	return nil
}

// keep writes a file unless it is there; true: it is.
func keep(path string, data []byte) (bool, error) {
	if _, err := os.Stat(path); err == nil {
		return true, nil
	} else if !errors.Is(err, fs.ErrNotExist) {
		return false, fmt.Errorf("looking for a file: %w", err)
	}
	return false, write(path, data, 0o644)
}

// shell is the script of an operation for sh. It writes nothing but what the
// client does, and says in the scheduler's form when the client is not there or
// cannot be started. A shell ends where exec fails: dash runs the trap then, and
// bash goes on if it is told to.
func (o Options) shell(operation string) string {
	return strings.NewReplacer("@OP@", operation, "@CLIENT@", quote(o.Client), "@CONF@", quote(filepath.Join(o.Dir, "conf", configName))).Replace(
		`#!/bin/sh
# @OP@ of the ohfp provider plug-in. "ohfp hostfactory install" writes it anew.
OHFP_HOST_CONFIG=${OHFP_HOST_CONFIG:-@CONF@}
export OHFP_HOST_CONFIG
ohfp=${OHFP_CLIENT:-@CLIENT@}
trap 'echo "{\"message\":\"the client of the broker, ohfp, is not where this script was installed for, or cannot be started: run ohfp hostfactory install again\"}"; exit 1' EXIT
[ -f "$ohfp" ] && [ -s "$ohfp" ] && [ -x "$ohfp" ] || exit 1
[ -z "${BASH_VERSION-}" ] || shopt -s execfail
exec "$ohfp" hostfactory run @OP@ "$@"
exit 1
`)
}

// quote writes text so that sh reads it as it is, also as the default of a
// variable.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// batch is the script of an operation for Windows.
func (o Options) batch(operation string) string {
	script := strings.NewReplacer("@OP@", operation, "@CLIENT@", percent(o.Client), "@CONF@", percent(filepath.Join(o.Dir, "conf", configName))).Replace(
		`@echo off
rem @OP@ of the ohfp provider plug-in. "ohfp hostfactory install" writes it anew.
setlocal
if "%OHFP_HOST_CONFIG%"=="" set "OHFP_HOST_CONFIG=@CONF@"
if "%OHFP_CLIENT%"=="" set "OHFP_CLIENT=@CLIENT@"
if not exist "%OHFP_CLIENT%" (
  echo {"message":"the client of the broker, ohfp, is not where this script was installed for, or cannot be started: run ohfp hostfactory install again"}
  exit /b 1
)
"%OHFP_CLIENT%" hostfactory run @OP@ %*
exit /b %ERRORLEVEL%
`)
	return strings.ReplaceAll(script, "\n", "\r\n")
}

func percent(s string) string { return strings.ReplaceAll(s, "%", "%%") }

type sample struct {
	name, what string
	data       []byte
}

// content is a file before it is written.
type content struct {
	name, what string
	value      any
}

// samples are the plug-in's configuration, and what the scheduler's own files
// need.
func (o Options) samples() ([]sample, error) {
	own := map[string]any{"endpoint": o.Endpoint, "scheduler": o.Scheduler}
	for key, value := range o.proof() {
		if value != "" {
			own[key] = value
		}
	}
	files := []content{{configName, "configuration of the plug-in", own}}
	if o.Scheduler == hostfactory.LSF {
		files = append(files, o.forLSF()...)
	} else {
		files = append(files, o.forSymphony()...)
	}
	out := make([]sample, 0, len(files))
	for _, f := range files {
		data, err := json.MarshalIndent(f.value, "", "  ")
		if err != nil {
			return nil, fmt.Errorf("writing %s: %w", f.name, err)
		}
		out = append(out, sample{f.name, f.what, append(data, '\n')})
	}
	return out, nil
}

// proof is how the plug-in proves who calls.
func (o Options) proof() map[string]string {
	if o.Signed {
		return map[string]string{"auth": "sigv4", "aws_profile": o.Profile, "region": o.Region}
	}
	return map[string]string{"token_file": o.TokenFile}
}

func (o Options) forLSF() []content {
	provider := map[string]any{
		"name": instance, "type": "ohfpProv", "confPath": "resource_connector/" + pluginName, "scriptPath": filepath.Join(o.Dir, "scripts"),
	}
	return []content{{"hostProviders.json", "sample for LSF's resource_connector/hostProviders.json", map[string]any{"providers": []any{provider}}}}
}

func (o Options) forSymphony() []content {
	plugin := map[string]any{"name": pluginName, "enabled": 1, "scriptPath": filepath.Join(o.Dir, "scripts") + "/"}
	provider := map[string]any{
		"name": instance, "enabled": 1, "plugin": pluginName, "confPath": filepath.Join(o.Dir, "conf") + "/",
		"workPath": "${HF_WORKDIR}/providers/" + instance + "/", "logPath": "${HF_LOGDIR}/",
	}
	return []content{
		{
			"hostProviderPlugins.json", "sample for Symphony's conf/providerplugins/hostProviderPlugins.json",
			map[string]any{"version": 2, "providerplugins": []any{plugin}},
		},
		{"hostProviders.json", "sample for Symphony's conf/providers/hostProviders.json", map[string]any{"version": 2, "providers": []any{provider}}},
	}
}

// word is text as one word for sh.
func word(s string) string {
	const plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/._-"
	if strings.Trim(s, plain) == "" {
		return s
	}
	return quote(s)
}

// Steps say what is left to do by hand, after Install.
func (o Options) Steps() []string {
	if s := schedulerOf(o.Dir); s != "" && s != o.Scheduler {
		other := fmt.Sprintf("The configuration in %s was there, is that of %s, and has stayed: install the plug-in of %s to a directory of its own", filepath.Join(o.Dir, "conf"), s, o.Scheduler)
		return append([]string{other}, o.steps()...)
	}
	return o.steps()
}

func (o Options) steps() []string {
	conf := filepath.Join(o.Dir, "conf")
	check := "Check it, as the user that the scheduler runs scripts as: ohfp hostfactory check --dir " + word(o.Dir)
	see := fmt.Sprintf("Say what the instance may see, if not everything: ohfp registerHostProvider --name %s --dialect %s --templates '[\"web\"]'", instance, o.Scheduler)
	token := "Let the scheduler's user read the broker's token, and name it as token_file in " + filepath.Join(conf, configName)
	if o.Signed {
		token = "Let the scheduler's user find credentials of AWS: the role of the machine, or a profile, named as aws_profile in " + filepath.Join(conf, configName)
	}
	if o.Scheduler == hostfactory.LSF {
		return []string{
			"Add the provider of " + filepath.Join(conf, "hostProviders.json") + " to LSF's conf/resource_connector/hostProviders.json",
			"Copy " + filepath.Join(conf, configName) + " to LSF's conf/resource_connector/" + pluginName + "/, where PRO_CONF_DIR points", token, see, check,
		}
	}
	return []string{
		"Add the plug-in of " + filepath.Join(conf, "hostProviderPlugins.json") + " to $HF_CONFDIR/providerplugins/hostProviderPlugins.json",
		"Add the provider of " + filepath.Join(conf, "hostProviders.json") + " to $HF_CONFDIR/providers/hostProviders.json, and name it in your requestor's configuration", token, see, check,
	}
}
