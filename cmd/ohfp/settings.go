package main

import (
	"errors"
	"fmt"
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
	Endpoint  string `yaml:"endpoint"`
	TokenFile string `yaml:"token_file"`
	Format    string `yaml:"format"`
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
	o.tokenFile = firstOf(o.tokenFile, c.env("OHFP_TOKEN_FILE"), c.host.TokenFile, home(c.env("HOME"), file.TokenFile))
	o.format = firstOf(o.format, file.Format)
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
	if errors.Is(err, fs.ErrNotExist) {
		return configFile{}, path, nil
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
	case strings.Contains(u.Hostname(), ".execute-api."):
		return endpoint{}, notSupported("endpoint %q: API Gateway takes calls signed for AWS, which are not supported yet", given)
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

// token finds the token to call e with; "" for none.
func (c *client) token(e endpoint) (string, error) {
	o := c.options
	named := o.tokenFile != ""
	must := named || strings.EqualFold(o.auth, authBearer)
	switch {
	case strings.EqualFold(o.auth, authNone):
		return "", nil
	case !e.private() && must:
		return "", usage("the token would be readable on its way to %s: use https, a unix socket, or --auth none", e.given)
	case !e.private():
		return "", nil
	}
	path := firstOf(o.tokenFile, c.defaultTokenFile())
	token, err := readToken(path)
	if errors.Is(err, fs.ErrNotExist) && !must {
		return "", nil
	}
	if err != nil {
		return "", usage("reading the token: %s", err)
	}
	return token, nil
}

// defaultTokenFile is where ohfpd puts its token.
func (c *client) defaultTokenFile() string {
	if base := c.xdg("XDG_DATA_HOME", ".local/share"); base != "" {
		return filepath.Join(base, "ohfp", "token")
	}
	return ""
}

func readToken(path string) (string, error) {
	if path == "" {
		return "", fmt.Errorf("there is no home directory to find it in: %w", fs.ErrNotExist)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	token := strings.TrimSpace(string(data))
	if token == "" || strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", fmt.Errorf("%s holds no token: want one line of visible characters", path)
	}
	return token, nil
}
