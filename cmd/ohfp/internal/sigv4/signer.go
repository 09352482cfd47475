package sigv4

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// service is API Gateway's name in a signature.
const service = "execute-api"

// Options say whose calls are signed, and for where.
type Options struct {
	Region  string                   // of the endpoint; "": as the environment or the profile says
	Profile string                   // chosen by name; "": as the environment says
	Env     func(name string) string // "" for a variable that is not set
	Environ func() []string          // NAME=value, for programs that give credentials
	Now     func() time.Time
}

// Signer signs the calls of one process. It is not safe for concurrent use.
type Signer struct {
	options Options
	signer  *v4.Signer
	region  string
	source  source             // of the credentials; the zero value: not looked for yet
	used    awssdk.Credentials // by the last call
	at      time.Time          // when that was
}

// New makes a signer; nothing is looked up before the first call.
func New(o Options) *Signer { return &Signer{options: o, signer: v4.NewSigner()} }

// Sign adds to r what proves who calls and that nobody changed it: the method,
// the address, the headers that are set, and body, which r must carry. An error
// names what to do, when there are no credentials or they have expired.
func (s *Signer) Sign(ctx context.Context, r *http.Request, body []byte) error {
	who, err := s.credentials(ctx)
	if err != nil {
		return err
	}
	s.used, s.at = who, s.options.Now()
	if who.CanExpire && !s.at.Before(who.Expires) {
		return fmt.Errorf("the credentials of %s expired at %s: %s", s.source.name, who.Expires.UTC().Format(time.RFC3339), s.source.renewal())
	}
	hash := sha256.Sum256(body)
	if err := s.signer.SignHTTP(ctx, who, r, hex.EncodeToString(hash[:]), service, s.region, s.at); err != nil {
		return fmt.Errorf("signing the call: %w", err)
	}
	return nil
}

// credentials are those of the source, asked for again when they have expired.
func (s *Signer) credentials(ctx context.Context) (awssdk.Credentials, error) {
	if s.source.from == nil {
		if err := s.look(); err != nil {
			return awssdk.Credentials{}, err
		}
	}
	if s.used.HasKeys() && (!s.used.CanExpire || s.options.Now().Before(s.used.Expires)) {
		return s.used, nil
	}
	who, err := s.source.from.Retrieve(ctx)
	if err != nil {
		return awssdk.Credentials{}, s.source.failed(err)
	}
	return who, nil
}

// look finds out what a signature is made with, but for the credentials
// themselves.
func (s *Signer) look() error {
	region, err := regionFor(s.options)
	if err != nil {
		return err
	}
	found, err := find(s.options)
	if err != nil {
		return err
	}
	s.region, s.source = region, found
	return nil
}
