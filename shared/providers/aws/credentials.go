package aws

import (
	"context"
	"errors"
	"fmt"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/openhostfactory/ohfp/shared/fault"
)

// credentialsError says that there was nothing to sign a request with.
type credentialsError struct {
	who string // whose credentials
	err error
}

func (e *credentialsError) Error() string { return e.who + ": " + e.err.Error() }
func (e *credentialsError) Unwrap() error { return e.err }

// unusable is a configuration of AWS that cannot be read.
func unusable(err error) *fault.ProviderError {
	return &fault.ProviderError{
		Class: fault.Auth, Code: "configuration", Local: true, Err: err,
		Message: "the broker's AWS configuration cannot be used; check the profile and the files of the broker's machine: " + cut(err.Error()),
	}
}

// provider is a source of credentials whose errors say whose they are.
type provider struct {
	who    string
	source awssdk.CredentialsProvider
}

// Retrieve implements [awssdk.CredentialsProvider].
func (p provider) Retrieve(ctx context.Context) (awssdk.Credentials, error) {
	if p.source == nil {
		return awssdk.Credentials{}, &credentialsError{p.who, errors.New("there are none")}
	}
	c, err := p.source.Retrieve(ctx)
	if err != nil {
		return c, &credentialsError{p.who, err}
	}
	return c, nil
}

// credentials are the broker's own, or those of the registration's role.
func (d *Driver) credentials(cfg awssdk.Config) awssdk.CredentialsProvider {
	own := provider{"the broker's own credentials", cfg.Credentials}
	if d.config.Profile != "" {
		own.who = fmt.Sprintf("the credentials of profile %q", d.config.Profile)
	}
	if d.config.RoleARN == "" {
		return own
	}
	cfg.Credentials = own
	client := sts.NewFromConfig(cfg, func(o *sts.Options) { o.Retryer = awssdk.NopRetryer{} })
	return provider{"the role " + d.config.RoleARN, role{client, d}}
}

// role acts in the registration's role.
type role struct {
	client *sts.Client
	driver *Driver
}

// roleSession is how long credentials of a role are good: the longest that
// every role allows.
const roleSession = time.Hour

// Retrieve assumes the role.
func (r role) Retrieve(ctx context.Context) (awssdk.Credentials, error) {
	c := r.driver.config
	in := &sts.AssumeRoleInput{
		RoleArn: &c.RoleARN, RoleSessionName: new(sessionName(r.driver.name)), DurationSeconds: new(int32(roleSession / time.Second)),
	}
	if c.ExternalID != "" {
		in.ExternalId = &c.ExternalID
	}
	out, err := r.client.AssumeRole(ctx, in)
	if err != nil {
		return awssdk.Credentials{}, err
	}
	if out.Credentials == nil {
		return awssdk.Credentials{}, errors.New("the answer holds no credentials")
	}
	k := out.Credentials
	return awssdk.Credentials{
		AccessKeyID: awssdk.ToString(k.AccessKeyId), SecretAccessKey: awssdk.ToString(k.SecretAccessKey), SessionToken: awssdk.ToString(k.SessionToken),
		CanExpire: true, Expires: awssdk.ToTime(k.Expiration), Source: "role of " + r.driver.name,
	}, nil
}

// sessionName is what the account's audit trail shows; 64 characters fit.
func sessionName(registration string) string {
	name := "ohfp-" + registration
	return name[:min(len(name), 64)]
}
