package sigv4

import (
	"errors"
	"slices"
	"strings"
)

// domains are AWS's own, under which only API Gateway answers.
var domains = []string{"amazonaws.com", "amazonaws.com.cn", "amazonaws.eu", "api.aws"}

// RegionOf returns the region of an endpoint of API Gateway by its host, which
// is ID.execute-api.REGION.amazonaws.com or the like, also through a VPC
// endpoint; "" for any other host, a custom domain name included.
func RegionOf(host string) string {
	id, rest, _ := strings.Cut(strings.ToLower(host), "."+service+".")
	region, domain, _ := strings.Cut(rest, ".")
	if id == "" || !slices.Contains(domains, strings.TrimPrefix(domain, "vpce.")) {
		return ""
	}
	return region
}

// regionFor is the region of an endpoint that does not name its own.
func regionFor(o Options) (string, error) {
	if region := firstOf(o.Region, o.Env("AWS_REGION"), o.Env("AWS_DEFAULT_REGION")); region != "" {
		return region, nil
	}
	p, err := readProfile(o.Env, o.profile())
	if err != nil {
		return "", err
	}
	if p["region"] == "" {
		return "", errors.New("the region of the endpoint is not known: name it with --aws-region or AWS_REGION")
	}
	return p["region"], nil
}
