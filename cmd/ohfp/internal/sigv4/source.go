package sigv4

import (
	"context"
	"errors"
	"fmt"
	"os/exec"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/processcreds"
)

// source is where credentials come from.
type source struct {
	name string // after "the credentials of"
	from awssdk.CredentialsProvider
	cli  bool // the AWS CLI is asked
	last bool // nothing is looked at after it
}

// renewal says how credentials that have expired become new ones.
func (s source) renewal() string {
	if s.cli {
		return "sign in again (aws sso login, aws login), or look at the profile"
	}
	return "get new ones from where these came"
}

// failed says why a source gave none, and what to do.
func (s source) failed(err error) error {
	switch {
	case s.last:
		return fmt.Errorf("%w (%s gave none: %w)", errNone, s.name, err)
	case s.cli && errors.Is(err, exec.ErrNotFound):
		return fmt.Errorf("%s gives credentials by a sign-on or a role, which takes the AWS CLI, version 2, in PATH: "+
			"install it, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY", s.name)
	}
	return fmt.Errorf("getting the credentials of %s: %w; %s", s.name, err, s.renewal())
}

// find decides where the credentials come from, in the order of the SDK: a
// profile chosen by name, the environment, the profile that the environment
// names, the container, the instance.
func find(o Options) (source, error) {
	if o.Profile != "" {
		return fromProfile(o, o.Profile, true)
	}
	if id, secret := o.Env("AWS_ACCESS_KEY_ID"), o.Env("AWS_SECRET_ACCESS_KEY"); id != "" && secret != "" {
		return source{name: "the environment", from: static(id, secret, o.Env("AWS_SESSION_TOKEN"))}, nil
	}
	if o.Env("AWS_WEB_IDENTITY_TOKEN_FILE") != "" {
		return byCLI(o, "AWS_WEB_IDENTITY_TOKEN_FILE"), nil
	}
	if name := o.Env("AWS_PROFILE"); name != "" {
		return fromProfile(o, name, true)
	}
	return fromProfile(o, defaultProfile, false)
}

// fromProfile is what a profile says; where it says nothing, what the machine
// gives. One that must be there is an error when it is not.
func fromProfile(o Options, name string, must bool) (source, error) {
	p, err := readProfile(o.Env, name)
	if err != nil {
		return source{}, err
	}
	if p == nil && must {
		return source{}, fmt.Errorf("there is no profile %q of AWS in ~/.aws/config or ~/.aws/credentials (AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE name others)", name)
	}
	return p.source(o, name)
}

// source is what the profile says of the given name.
func (p profile) source(o Options, name string) (source, error) {
	called, id, secret := fmt.Sprintf("the profile %q", name), p["aws_access_key_id"], p["aws_secret_access_key"]
	switch {
	case p["role_arn"] != "":
		return byCLI(o, called, "--profile", name), nil
	case id != "" && secret != "":
		return source{name: called, from: static(id, secret, p["aws_session_token"])}, nil
	case id != "" || secret != "":
		return source{}, fmt.Errorf("%s has only one of aws_access_key_id and aws_secret_access_key", called)
	case firstOf(p["sso_session"], p["sso_start_url"], p["login_session"]) != "":
		return byCLI(o, called, "--profile", name), nil
	case p["credential_process"] != "":
		return source{name: called, from: process(o, processcreds.DefaultNewCommandBuilder{Args: []string{p["credential_process"]}}.NewCommand)}, nil
	}
	return fromMachine(o)
}

func static(id, secret, token string) awssdk.CredentialsProvider {
	return awssdk.CredentialsProviderFunc(func(context.Context) (awssdk.Credentials, error) {
		return awssdk.Credentials{AccessKeyID: id, SecretAccessKey: secret, SessionToken: token}, nil
	})
}

// byCLI asks the AWS CLI, in the format of a credential_process.
func byCLI(o Options, called string, more ...string) source {
	args := append([]string{"configure", "export-credentials", "--format", "process"}, more...)
	ask := func(ctx context.Context) (*exec.Cmd, error) { return exec.CommandContext(ctx, "aws", args...), nil }
	return source{name: called, from: process(o, ask), cli: true}
}

// process runs a program that writes credentials to its standard output. It
// has our environment and nobody to ask: a scheduler may have started us.
func process(o Options, command processcreds.NewCommandBuilderFunc) awssdk.CredentialsProvider {
	return processcreds.NewProviderCommand(processcreds.NewCommandBuilderFunc(func(ctx context.Context) (*exec.Cmd, error) {
		cmd, err := command(ctx)
		if err != nil {
			return nil, err
		}
		cmd.Env, cmd.Stdin = o.Environ(), nil
		return cmd, nil
	}))
}
