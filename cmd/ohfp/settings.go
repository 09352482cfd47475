package main

import (
	"errors"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/goccy/go-yaml"
)

// defaultEndpoint is where ohfpd listens when nobody told it otherwise.
const defaultEndpoint = "http://127.0.0.1:8080"

// configFile is what a user may write down once.
type configFile struct {
	Endpoint   string `yaml:"endpoint"`
	Auth       string `yaml:"auth"`
	TokenFile  string `yaml:"token_file"`
	AWSProfile string `yaml:"aws_profile"`
	AWSRegion  string `yaml:"aws_region"`
	Format     string `yaml:"format"`
}

// configure fills what no flag gave: from the environment, then from the
// configuration file.
func (c *client) configure() error {
	o := &c.options
	file, path, err := c.readConfig()
	if err != nil {
		return usage("reading %s: %s", path, err)
	}
	if c.hosting {
		if c.host, err = c.readHostConfig(); err != nil {
			return usage("%s", err)
		}
	}
	o.endpoint = firstOf(o.endpoint, c.env("OHFP_ENDPOINT"), c.host.Endpoint, file.Endpoint, defaultEndpoint)
	o.auth = firstOf(o.auth, c.host.Auth, file.Auth, authAuto)
	o.tokenFile = firstOf(o.tokenFile, c.env("OHFP_TOKEN_FILE"), c.host.TokenFile, home(c.env("HOME"), file.TokenFile))
	o.format = firstOf(o.format, file.Format)
	c.profile, c.region = firstOf(o.awsProfile, c.host.AWSProfile, file.AWSProfile), firstOf(o.awsRegion, c.host.Region, file.AWSRegion)
	o.debug = o.debug || strings.EqualFold(c.env("HF_LOG_LEVEL"), "debug")
	return nil
}

func firstOf(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

// home replaces a leading ~/ as a shell would have.
func home(dir, path string) string {
	if rest, ok := strings.CutPrefix(path, "~/"); ok && dir != "" {
		return filepath.Join(dir, rest)
	}
	return path
}

// readConfig reads the configuration file; that there is none is no error.
func (c *client) readConfig() (file configFile, path string, err error) {
	base := c.xdg("XDG_CONFIG_HOME", ".config")
	if base == "" {
		return configFile{}, "", nil
	}
	path = filepath.Join(base, "ohfp", "config.yaml")
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) || c.hosting && errors.Is(err, fs.ErrPermission) {
		return configFile{}, path, nil // schedulers hand on the HOME of who started them
	}
	if err != nil {
		return configFile{}, path, err
	}
	if len(strings.TrimSpace(string(data))) == 0 {
		return configFile{}, path, nil
	}
	if err := yaml.UnmarshalWithOptions(data, &file, yaml.Strict()); err != nil {
		return configFile{}, path, errors.New(yaml.FormatError(err, false, false))
	}
	return file, path, nil
}

// xdg returns a directory of the XDG Base Directory Specification: the
// variable when it is an absolute path, else a place below the home; "" when
// there is no home.
func (c *client) xdg(variable, below string) string {
	if dir := c.env(variable); filepath.IsAbs(dir) {
		return dir
	}
	if dir := c.env("HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, filepath.FromSlash(below))
	}
	return ""
}

// endpoint is where a broker listens.
type endpoint struct {
	given  string
	base   *url.URL // http or https; for a socket with a host that is not looked up
	socket string   // path of a unix socket; "" for none
}

// parseEndpoint reads an endpoint: http, https, or unix:///path.
func parseEndpoint(given string) (endpoint, error) {
	u, err := url.Parse(given)
	if err != nil {
		return endpoint{}, usage("endpoint %q: want a URL such as %s", given, defaultEndpoint)
	}
	switch {
	case u.Scheme == "unix" && u.Host == "" && filepath.IsAbs(u.Path):
		return endpoint{given: given, base: &url.URL{Scheme: "http", Host: "localhost"}, socket: u.Path}, nil
	case u.Scheme != "http" && u.Scheme != "https", u.Host == "":
		return endpoint{}, usage("endpoint %q: want http://HOST:PORT, https://HOST or unix:///PATH", given)
	case u.User != nil, u.RawQuery != "", u.Fragment != "":
		return endpoint{}, usage("endpoint: want no user, query or fragment in %s", u.Redacted())
	}
	u.Path = strings.TrimSuffix(u.Path, "/")
	return endpoint{given: given, base: u}, nil
}

// private reports whether nobody else can read what is sent.
func (e endpoint) private() bool {
	return e.socket != "" || e.base.Scheme == "https" || e.loopback()
}

func (e endpoint) loopback() bool {
	ip := net.ParseIP(e.base.Hostname())
	return e.base.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}
