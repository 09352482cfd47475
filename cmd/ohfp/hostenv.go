package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/openhostfactory/ohfp/shared/hostfactory"
)

// hostConfig is the plug-in's configuration, ohfp.json in the configuration
// directory of the provider instance.
type hostConfig struct {
	Endpoint   string `json:"endpoint"`
	Auth       string `json:"auth"`
	TokenFile  string `json:"token_file"` // where it is relative, to the directory of the file
	AWSProfile string `json:"aws_profile"`
	Region     string `json:"region"`
	Scheduler  string `json:"scheduler"`
}

// hostConfigName is the file's name.
const hostConfigName = "ohfp.json"

// readHostConfig reads the first of the places where the plug-in's
// configuration may be; that there is none is no error.
func (c *client) readHostConfig() (hostConfig, error) {
	for _, path := range c.hostConfigPaths() {
		data, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		var h hostConfig
		if err == nil {
			h, err = parseHostConfig(data)
		}
		if err != nil {
			return h, fmt.Errorf("reading %s: %w", path, err)
		}
		if h.TokenFile != "" && !filepath.IsAbs(h.TokenFile) {
			h.TokenFile = filepath.Join(filepath.Dir(path), h.TokenFile)
		}
		return h, nil
	}
	return hostConfig{}, nil
}

// parseHostConfig reads the file. A key that is not known is an error: one that is
// misspelt would send calls elsewhere.
func parseHostConfig(data []byte) (h hostConfig, err error) {
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(data, &keys); err != nil {
		return h, fmt.Errorf("want a JSON object: %w", err)
	}
	known := []string{"endpoint", "auth", "token_file", "aws_profile", "region", "scheduler"}
	for key := range keys {
		if !slices.Contains(known, key) {
			return h, fmt.Errorf("%q is no key of this file; its keys are %s", key, strings.Join(known, ", "))
		}
	}
	if err := json.Unmarshal(data, &h); err != nil {
		return h, err
	}
	if schedulers := hostfactory.Scheduler("").Values(); h.Scheduler != "" && !oneOf(h.Scheduler, schedulers) {
		return h, fmt.Errorf("scheduler: %q is none of %s", h.Scheduler, strings.Join(schedulers, ", "))
	}
	return h, nil
}

// hostConfigPaths are those places: where Symphony says, where LSF says, and
// what the script was installed with.
func (c *client) hostConfigPaths() (paths []string) {
	if dir := c.env("HF_PROVIDER_CONFDIR"); dir != "" {
		paths = append(paths, filepath.Join(dir, hostConfigName))
	}
	if dir := c.env("PRO_CONF_DIR"); dir != "" {
		paths = append(paths, filepath.Join(dir, hostConfigName), filepath.Join(dir, "conf", hostConfigName))
	}
	if path := c.env("OHFP_HOST_CONFIG"); path != "" {
		paths = append(paths, path)
	}
	return paths
}

// schedulerEnv is who calls.
type schedulerEnv struct {
	instance  string
	scheduler hostfactory.Scheduler
}

// scheduler reads who calls from the environment that schedulers set; where it
// says nothing of that, from the plug-in's configuration.
func (c *client) scheduler() schedulerEnv {
	symphony, lsf := c.env("HF_PROVIDER_NAME"), c.env("PROVIDER_NAME")
	e := schedulerEnv{instance: firstOf(symphony, lsf), scheduler: hostfactory.Symphony}
	switch {
	case symphony != "" || c.env("HF_PROVIDER_CONFDIR") != "":
	case lsf != "" || c.env("PRO_CONF_DIR") != "", strings.EqualFold(c.host.Scheduler, string(hostfactory.LSF)):
		e.scheduler = hostfactory.LSF
	}
	return e
}

// fields are what a request says of who asks.
func (e schedulerEnv) fields(operation string) map[string]string {
	switch operation {
	case "getRequestStatus":
		return nil
	case "getAvailableTemplates":
		return map[string]string{"host_provider": e.instance, "dialect": string(e.scheduler)}
	}
	return map[string]string{"host_provider": e.instance}
}
