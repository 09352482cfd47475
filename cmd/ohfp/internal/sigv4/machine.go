package sigv4

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials/ec2rolecreds"
	"github.com/aws/aws-sdk-go-v2/credentials/endpointcreds"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
)

// metadataTime is how long the machine may take for an answer: it is next door,
// or not there.
const metadataTime = time.Second

// containerAgent is where Amazon ECS gives credentials to a container.
const containerAgent = "http://169.254.170.2"

// agents are the addresses at which ECS and EKS give them without TLS.
var agents = []string{"169.254.170.2", "169.254.170.23", "fd00:ec2::23"}

var errNone = errors.New("there are no credentials of AWS to sign with: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, " +
	"or name a profile with --aws-profile or AWS_PROFILE")

// fromMachine is the role of the container or of the instance that we run on.
func fromMachine(o Options) (source, error) {
	relative, full := o.Env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"), o.Env("AWS_CONTAINER_CREDENTIALS_FULL_URI")
	switch {
	case relative != "":
		return fromContainer(o, containerAgent+relative)
	case full != "":
		return fromContainer(o, full)
	case strings.EqualFold(o.Env("AWS_EC2_METADATA_DISABLED"), "true"):
		return source{}, errNone
	}
	client := imds.New(imds.Options{
		Endpoint: o.Env("AWS_EC2_METADATA_SERVICE_ENDPOINT"), ClientEnableState: imds.ClientEnabled, HTTPClient: direct(),
		Retryer: retry.NewStandard(func(s *retry.StandardOptions) { s.MaxAttempts = 2 }),
	})
	return source{name: "the instance", last: true, from: ec2rolecreds.New(func(r *ec2rolecreds.Options) { r.Client = client })}, nil
}

// fromContainer asks an endpoint, which must be one that nobody else can be.
func fromContainer(o Options, endpoint string) (source, error) {
	u, err := url.Parse(endpoint)
	if err != nil || u.Scheme != "https" && (u.Scheme != "http" || !nextDoor(u.Hostname())) {
		return source{}, fmt.Errorf("the endpoint of the container's credentials, %q, is neither https nor on this machine", endpoint)
	}
	return source{name: "the container", from: endpointcreds.New(endpoint, func(e *endpointcreds.Options) {
		e.HTTPClient = direct()
		e.AuthorizationToken = o.Env("AWS_CONTAINER_AUTHORIZATION_TOKEN")
		if path := o.Env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"); path != "" {
			e.AuthorizationTokenProvider = endpointcreds.TokenProviderFunc(func() (string, error) {
				token, err := os.ReadFile(path)
				return string(token), err
			})
		}
	})}, nil
}

func nextDoor(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback() || slices.Contains(agents, host)
}

// direct is a client that asks no proxy.
func direct() *http.Client {
	return &http.Client{Timeout: metadataTime, Transport: &http.Transport{DisableKeepAlives: true}}
}
