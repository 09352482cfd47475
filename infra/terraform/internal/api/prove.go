package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/config"
)

// Nobody proves nothing.
func Nobody(*http.Request, []byte) error { return nil }

// Bearer sends a token.
func Bearer(token string) Prover {
	return func(r *http.Request, _ []byte) error {
		r.Header.Set("Authorization", "Bearer "+token)
		return nil
	}
}

// gateway is API Gateway's name in a signature, and in its hosts' names.
const gateway = "execute-api"

// RegionOf returns the region of an endpoint of API Gateway by its host; "" for
// any other host, a custom domain name included.
func RegionOf(host string) string {
	id, rest, _ := strings.Cut(strings.ToLower(host), "."+gateway+".")
	region, domain, _ := strings.Cut(rest, ".")
	if id == "" || !strings.HasPrefix(strings.TrimPrefix(domain, "vpce."), "amazonaws.") {
		return ""
	}
	return region
}

// AWS signs for API Gateway, with the credentials that the SDK finds: of the
// environment, a profile, a role or the machine.
func AWS(ctx context.Context, region, profile string, now func() time.Time) (Prover, error) {
	var options []func(*config.LoadOptions) error
	if profile != "" {
		options = append(options, config.WithSharedConfigProfile(profile))
	}
	c, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return nil, fmt.Errorf("reading the configuration of AWS: %w", err)
	}
	if region == "" {
		region = c.Region
	}
	if region == "" {
		return nil, errors.New("the region of the endpoint is not known: set aws_region or AWS_REGION")
	}
	return sign(c.Credentials, region, now), nil
}

func sign(who awssdk.CredentialsProvider, region string, now func() time.Time) Prover {
	signer := v4.NewSigner()
	return func(r *http.Request, body []byte) error {
		keys, err := who.Retrieve(r.Context())
		if err != nil {
			return fmt.Errorf("getting credentials of AWS: %w", err)
		}
		hash := sha256.Sum256(body)
		if err := signer.SignHTTP(r.Context(), keys, r, hex.EncodeToString(hash[:]), gateway, region, now()); err != nil {
			return fmt.Errorf("signing the call: %w", err)
		}
		return nil
	}
}
