package localhost_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/shared/host/localhost"
	"github.com/openhostfactory/ohfp/shared/op"
)

func listen(t *testing.T, address string, files localhost.TLSFiles) net.Listener {
	t.Helper()
	l, err := localhost.Listen(t.Context(), address, files)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
	})
	return l
}

func TestListenRefuses(t *testing.T) {
	dir := t.TempDir()
	pki := newPKI(t)
	text := filepath.Join(dir, "text")
	if err := os.WriteFile(text, []byte("no PEM"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, address string
		files         localhost.TLSFiles
		want          string
	}{
		{"all addresses without TLS", "0.0.0.0:0", localhost.TLSFiles{}, `listening on "0.0.0.0:0" needs TLS: give --tls-cert and --tls-key, or listen on 127.0.0.1:0`},
		{"no host without TLS", ":8080", localhost.TLSFiles{}, "needs TLS"},
		{"all IPv6 addresses without TLS", "[::]:0", localhost.TLSFiles{}, "needs TLS"},
		{"an outer address without TLS", "192.0.2.1:80", localhost.TLSFiles{}, "needs TLS"},
		{"a name without TLS", "broker.example.com:80", localhost.TLSFiles{}, "needs TLS"},
		{"a port alone", "8080", localhost.TLSFiles{}, `"8080" is not host:port or unix:/path`},
		{"a port beyond all", "127.0.0.1:70000", localhost.TLSFiles{}, `"127.0.0.1:70000" cannot be opened: choose another with --listen`},
		{"an address of another machine", "192.0.2.1:0", pki.server(), `"192.0.2.1:0" is not an address of this machine`},
		{"a certificate without a key", "127.0.0.1:0", localhost.TLSFiles{Cert: "c"}, "TLS needs both"},
		{"a key without a certificate", "127.0.0.1:0", localhost.TLSFiles{Key: "k"}, "TLS needs both"},
		{"a client CA without TLS", "127.0.0.1:0", localhost.TLSFiles{ClientCA: "ca"}, "a client CA needs TLS"},
		{"a certificate that is missing", "127.0.0.1:0", localhost.TLSFiles{Cert: dir + "/none", Key: text}, "give PEM files that belong together"},
		{"a key of another certificate", "127.0.0.1:0", localhost.TLSFiles{Cert: pki.server().Cert, Key: pki.path("client.key")}, "give PEM files that belong together"},
		{"a client CA that is missing", "127.0.0.1:0", localhost.TLSFiles{Cert: pki.server().Cert, Key: pki.server().Key, ClientCA: dir + "/none"}, "cannot be read: give a PEM file"},
		{"a client CA that is no PEM", "127.0.0.1:0", localhost.TLSFiles{Cert: pki.server().Cert, Key: pki.server().Key, ClientCA: text}, "holds no certificate"},
		{"a socket without a path", "unix:", localhost.TLSFiles{}, "give unix:/path"},
		{"a socket where a file is", "unix:" + text, localhost.TLSFiles{}, "is not a socket: choose another path"},
		{"a socket in no directory", "unix:" + dir + "/none/s", localhost.TLSFiles{}, "choose a directory that exists"},
		{"a socket with a long path", "unix:/tmp/" + strings.Repeat("s", 99), localhost.TLSFiles{}, "choose a shorter path"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			l, err := localhost.Listen(t.Context(), tc.address, tc.files)
			if err == nil {
				t.Fatalf("listening on %v, %v", l.Addr(), l.Close())
			}
			if !strings.Contains(err.Error(), tc.want) || !errors.Is(err, localhost.ErrAddress) {
				t.Errorf("error = %v\nwant an unusable address with %q", err, tc.want)
			}
		})
	}
	if left, err := filepath.Glob(filepath.Join(dir, ".s*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestListenNamesAPortInUse(t *testing.T) {
	l := listen(t, "127.0.0.1:0", localhost.TLSFiles{})
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	_, err = localhost.Listen(t.Context(), l.Addr().String(), localhost.TLSFiles{})
	if err == nil || !strings.Contains(err.Error(), "port "+port+" is in use by another program") || !strings.Contains(err.Error(), "--listen") {
		t.Errorf("error = %v", err)
	}
	if errors.Is(err, localhost.ErrAddress) {
		t.Error("a port in use counts as a mistake in the configuration")
	}
}

func TestListenOnASocketFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ohfpd.sock")
	l := listen(t, "unix:"+path, localhost.TLSFiles{})
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode = %v, %v; want 0600", info.Mode(), err)
	}
	if got := l.Addr().String(); got != path {
		t.Errorf("Addr = %q, want %q", got, path)
	}
	if _, err := localhost.Listen(t.Context(), "unix:"+path, localhost.TLSFiles{}); err == nil || !strings.Contains(err.Error(), "in use by another program") {
		t.Errorf("a second listener: %v", err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestListenReplacesASocketThatNobodyServes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ohfpd.sock")
	dead, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	if u, ok := dead.(*net.UnixListener); ok {
		u.SetUnlinkOnClose(false)
	}
	if err := dead.Close(); err != nil {
		t.Fatal(err)
	}
	listen(t, "unix:"+path, localhost.TLSFiles{})
}

func TestServerBehindASocketFileStillAsksForTheToken(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	startServer(t, newSite(t, nil), listen(t, "unix:"+path, localhost.TLSFiles{}))
	client := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", path)
	}}}
	defer client.CloseIdleConnections()
	if got := status(t, client, "http://any-name"+list, ""); got != http.StatusUnauthorized {
		t.Errorf("without a token: got %d", got)
	}
	if got := status(t, client, "http://any-name"+list, localToken); got != http.StatusOK {
		t.Errorf("with the token: got %d", got)
	}
}

func TestServerKnowsClientCertificates(t *testing.T) {
	pki := newPKI(t)
	files := pki.server()
	files.ClientCA = pki.path("ca.crt")
	s := newSite(t, func(c *localhost.Config) { c.Roles = map[string]op.Role{"Jane Doe": op.Reader} })
	l := listen(t, "127.0.0.1:0", files)
	startServer(t, s, l)
	base := "https://" + l.Addr().String()

	jane := pki.client(t, "client")
	if got := status(t, jane, base+list, ""); got != http.StatusOK || s.call.Principal != "Jane Doe" || s.call.Role != op.Reader {
		t.Errorf("with a certificate: got %d as %q", got, s.call.Principal)
	}
	if got := status(t, jane, base+list, schedulerToken); got != http.StatusOK || s.call.Principal != "slurm" {
		t.Errorf("with certificate and token: got %d as %q", got, s.call.Principal)
	}
	if got := status(t, jane, base+list, "wrong"); got != http.StatusUnauthorized {
		t.Errorf("with a certificate and a wrong token: got %d", got)
	}
	if got := status(t, pki.client(t, "stranger"), base+list, ""); got != http.StatusForbidden {
		t.Errorf("with a certificate without a role: got %d", got)
	}
	for _, name := range []string{"", "forged"} {
		res, err := get1(pki.client(t, name), base+list, localToken)
		if err == nil {
			t.Errorf("certificate %q: a connection was accepted with status %d, %v", name, res.StatusCode, res.Body.Close())
		}
	}
}

func TestServerSpeaksHTTP2OverTLS(t *testing.T) {
	pki := newPKI(t)
	l := listen(t, "127.0.0.1:0", pki.server())
	startServer(t, newSite(t, nil), l)
	res, err := get1(pki.client(t, ""), "https://"+l.Addr().String()+"/healthz", "")
	if err != nil {
		t.Fatal(err)
	}
	if err := res.Body.Close(); err != nil || res.ProtoMajor != 2 {
		t.Errorf("protocol %s, %v", res.Proto, err)
	}
}

func get1(c *http.Client, url, token string) (*http.Response, error) {
	req, err := http.NewRequest(http.MethodGet, url, http.NoBody)
	if err != nil {
		return nil, err
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	return c.Do(req)
}

func status(t *testing.T, c *http.Client, url, token string) int {
	t.Helper()
	res, err := get1(c, url, token)
	if err != nil {
		t.Fatal(err)
	}
	if err := res.Body.Close(); err != nil {
		t.Fatal(err)
	}
	return res.StatusCode
}

// pki is an authority with certificates: server, client (Jane Doe), stranger,
// and forged, which calls itself Jane Doe and is signed by somebody else.
type pki struct {
	dir string
}

func newPKI(t *testing.T) pki {
	t.Helper()
	p := pki{t.TempDir()}
	ca, caKey := p.issue(t, "ca", "CA", nil, nil)
	other, otherKey := p.issue(t, "other", "CA", nil, nil)
	p.issue(t, "server", "broker", ca, caKey)
	p.issue(t, "client", "Jane Doe", ca, caKey)
	p.issue(t, "stranger", "Stranger", ca, caKey)
	p.issue(t, "forged", "Jane Doe", other, otherKey)
	return p
}

func (p pki) path(name string) string { return filepath.Join(p.dir, name) }

func (p pki) server() localhost.TLSFiles {
	return localhost.TLSFiles{Cert: p.path("server.crt"), Key: p.path("server.key")}
}

func (p pki) issue(t *testing.T, file, cn string, parent *x509.Certificate, signer *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		t.Fatal(err)
	}
	cert := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: cn}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: parent == nil, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	if parent == nil {
		parent, signer = cert, key
	}
	der, err := x509.CreateCertificate(rand.Reader, cert, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{file + ".crt": {Type: "CERTIFICATE", Bytes: der}, file + ".key": {Type: "EC PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(p.path(name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}

// client trusts the authority and shows the named certificate, "" for none.
func (p pki) client(t *testing.T, name string) *http.Client {
	t.Helper()
	ca, err := os.ReadFile(p.path("ca.crt"))
	if err != nil {
		t.Fatal(err)
	}
	conf := &tls.Config{RootCAs: x509.NewCertPool()}
	conf.RootCAs.AppendCertsFromPEM(ca)
	if name != "" {
		pair, err := tls.LoadX509KeyPair(p.path(name+".crt"), p.path(name+".key"))
		if err != nil {
			t.Fatal(err)
		}
		// Given even where the server names other authorities.
		conf.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
	}
	c := &http.Client{Transport: &http.Transport{TLSClientConfig: conf, ForceAttemptHTTP2: true}, Timeout: time.Minute}
	t.Cleanup(c.CloseIdleConnections)
	return c
}

// startServer serves until the test ends, and asks for a quiet end.
func startServer(t *testing.T, s *site, l net.Listener) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.server.Serve(ctx, l, time.Minute) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(fmt.Errorf("serving: %w", err))
		}
	})
}
