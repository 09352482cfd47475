package localhost

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
)

// TLSFiles names PEM files. All empty: no TLS. Cert and Key come together;
// with ClientCA every connection must bring a certificate that it signed.
type TLSFiles struct {
	Cert, Key, ClientCA string
}

// ErrAddress is wrapped by errors about an address or TLS files that cannot
// be used as given: the configuration is wrong, not the machine.
var ErrAddress = errors.New("unusable listen address")

// addressError has a text of its own and is an ErrAddress.
type addressError struct {
	text string
	err  error
}

func (e *addressError) Error() string {
	if e.err != nil {
		return e.text + ": " + e.err.Error()
	}
	return e.text
}

func (e *addressError) Is(target error) bool { return target == ErrAddress }
func (e *addressError) Unwrap() error        { return e.err }

func unusable(err error, format string, args ...any) error {
	return &addressError{text: fmt.Sprintf(format, args...), err: err}
}

// Listen opens address: "host:port", port 0 for any free one, or
// "unix:/path" or "unix:///path", a socket that only its owner may use. Beyond loopback it asks
// for TLS. Errors name the remedy; see [ErrAddress].
func Listen(ctx context.Context, address string, files TLSFiles) (net.Listener, error) {
	conf, err := files.load()
	if err != nil {
		return nil, err
	}
	l, err := listen(ctx, address, conf != nil)
	if err != nil || conf == nil {
		return l, err
	}
	return tls.NewListener(l, conf), nil
}

func listen(ctx context.Context, address string, encrypted bool) (net.Listener, error) {
	if path, ok := strings.CutPrefix(address, "unix:"); ok {
		return listenUnix(ctx, cleaned(path))
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, unusable(nil, "the listen address %q is not host:port or unix:/path: give one such as 127.0.0.1:8080", address)
	}
	if !encrypted && !loopbackName(host) {
		return nil, unusable(nil, "listening on %q needs TLS: give --tls-cert and --tls-key, or listen on 127.0.0.1:%s or on unix:/path", address, port)
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, explain(err, address, port)
	}
	if tcp, ok := l.Addr().(*net.TCPAddr); !encrypted && ok && !tcp.IP.IsLoopback() {
		return nil, errors.Join(unusable(nil, "%q is %s on this machine, which is not loopback: listen on 127.0.0.1:%s", address, tcp.IP, port), l.Close())
	}
	return l, nil
}

func loopbackName(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

func explain(err error, address, port string) error {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("port %s is in use by another program (%s): stop it, or choose another port with --listen, 0 for any free one: %w", port, address, syscall.EADDRINUSE)
	case errors.Is(err, syscall.EACCES):
		return fmt.Errorf("port %s may not be opened by this user: choose one above 1023 with --listen: %w", port, syscall.EACCES)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return unusable(nil, "%q is not an address of this machine: choose another with --listen", address)
	}
	return unusable(err, "the listen address %q cannot be opened: choose another with --listen", address)
}

func (f TLSFiles) load() (*tls.Config, error) {
	if f.Cert == "" && f.Key == "" {
		if f.ClientCA != "" {
			return nil, unusable(nil, "a client CA needs TLS: give --tls-cert and --tls-key too")
		}
		return nil, nil
	}
	if f.Cert == "" || f.Key == "" {
		return nil, unusable(nil, "TLS needs both: give --tls-cert and --tls-key")
	}
	pair, err := tls.LoadX509KeyPair(f.Cert, f.Key)
	if err != nil {
		return nil, unusable(err, "the TLS certificate %s and key %s cannot be used: give PEM files that belong together", f.Cert, f.Key)
	}
	conf := &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair}, NextProtos: []string{"h2", "http/1.1"}}
	return conf, f.askForClients(conf)
}

func (f TLSFiles) askForClients(conf *tls.Config) error {
	if f.ClientCA == "" {
		return nil
	}
	data, err := os.ReadFile(f.ClientCA)
	if err != nil {
		return unusable(err, "the client CA %s cannot be read: give a PEM file", f.ClientCA)
	}
	conf.ClientCAs = x509.NewCertPool()
	if !conf.ClientCAs.AppendCertsFromPEM(data) {
		return unusable(nil, "the client CA %s holds no certificate: give a PEM file", f.ClientCA)
	}
	conf.ClientAuth = tls.RequireAndVerifyClientCert
	return nil
}
