package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/openhostfactory/ohfp/cmd/ohfp/internal/sigv4"
)

// signs reports whether calls of e are signed for AWS.
func (c *client) signs(e endpoint) bool {
	if strings.EqualFold(c.options.auth, authAuto) {
		return sigv4.RegionOf(e.base.Hostname()) != ""
	}
	return strings.EqualFold(c.options.auth, authSigV4)
}

// signer makes what signs calls of e; nil when they are not signed. A flag that
// would change nothing is refused.
func (c *client) signer(e endpoint) (*sigv4.Signer, error) {
	o, region := c.options, sigv4.RegionOf(e.base.Hostname())
	switch {
	case !c.signs(e) && (o.awsProfile != "" || o.awsRegion != ""):
		return nil, usage("--aws-profile, --aws-region: calls of %s are not signed; --auth sigv4 signs them", e.given)
	case !c.signs(e):
		return nil, nil
	case !e.private():
		return nil, usage("a signed call could be read and repeated on its way to %s: use https or a unix socket", e.given)
	case region != "" && o.awsRegion != "" && o.awsRegion != region:
		return nil, usage("--aws-region: the endpoint is in %s, not in %s", region, o.awsRegion)
	}
	return sigv4.New(sigv4.Options{
		Region: firstOf(region, c.region), Profile: c.profile, Env: c.env, Environ: c.environ, Now: c.now,
	}), nil
}

// prove adds to a request what proves who calls.
func (l *link) prove(r *http.Request, body []byte) error {
	if l.token != "" {
		r.Header.Set("Authorization", "Bearer "+l.token)
	}
	if l.signer == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(r.Context(), l.patience)
	defer cancel()
	if err := l.signer.Sign(ctx, r, body); err != nil {
		return usage("%s", err)
	}
	return nil
}

// refused says why a signed call was refused; "" when it was not signed, or
// when that was not the reason.
func (l *link) refused(res *http.Response, body []byte) string {
	if l.signer == nil {
		return ""
	}
	return l.signer.Refused(res.StatusCode, res.Header, body)
}

// token finds the token to call e with; "" for none.
func (c *client) token(e endpoint) (string, error) {
	o := c.options
	named := o.tokenFile != ""
	must := named || strings.EqualFold(o.auth, authBearer)
	switch {
	case strings.EqualFold(o.auth, authNone), c.signs(e):
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
