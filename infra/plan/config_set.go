package plan

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
)

// What identifiers of AWS look like: enough to tell one from another, and from
// a placeholder that was never filled in.
const (
	arnHead    = `arn:(aws|aws-cn|aws-us-gov|aws-iso|aws-iso-b):`
	regionName = `[a-z]{2}(-[a-z]+)+-\d`
	accountID  = `\d{12}`
)

// matching takes text of a form; say is the remedy.
func matching(v value, form, say string) (string, error) {
	s, err := v.text()
	if err != nil {
		return "", err
	}
	if !regexp.MustCompile(`^(` + form + `)$`).MatchString(s) {
		return "", fmt.Errorf("%q is not %s", s, say)
	}
	return s, nil
}

func setStage(c *Config, v value) (err error) {
	c.Stage, err = matching(v, `[a-z]([a-z0-9-]{0,10}[a-z0-9])?`, "1 to 12 of a-z, 0-9 and -, a letter first and no - last: take a short name such as prod")
	return err
}

func setProviders(c *Config, v value) error {
	kinds, err := v.list()
	if err != nil {
		return err
	}
	for _, k := range kinds {
		if !slices.Contains(Kinds(), k) {
			return fmt.Errorf("there is no kind %q: take some of %s", k, strings.Join(Kinds(), ", "))
		}
	}
	slices.Sort(kinds)
	c.Providers = slices.Compact(kinds)
	return nil
}

func setAccounts(c *Config, v value) error {
	accounts, err := v.list()
	if err != nil {
		return err
	}
	for _, a := range accounts {
		if _, err := matching(value{a}, accountID, "the number of an account: twelve digits, in quotes where JSON would take them for a number"); err != nil {
			return err
		}
	}
	c.ProviderAccounts = accounts
	return nil
}

func setOrganization(c *Config, v value) (err error) {
	c.Organization, err = matching(v, `o-[a-z0-9]{10,32}`, "the id of an organisation, such as o-a1b2c3d4e5: aws organizations describe-organization says yours")
	return err
}

func setAuth(c *Config, v value) error {
	auth, err := matching(v, `iam|jwt`, "a way to know callers: take iam, or jwt with jwtIssuer and jwtAudience")
	if auth == "jwt" {
		c.jwt()
	}
	return err
}

func (c *Config) jwt() *JWT {
	if c.JWT == nil {
		c.JWT = &JWT{}
	}
	return c.JWT
}

func setIssuer(c *Config, v value) (err error) {
	c.jwt().Issuer, err = matching(v, `https://\S+`, "an https URL: take the issuer as it stands in the tokens' claim iss")
	return err
}

func setAudience(c *Config, v value) (err error) {
	c.jwt().Audience, err = v.list()
	return err
}

func setAPI(_ *Config, v value) error {
	_, err := matching(v, `http|private`, "a kind of API: take http, or private with vpc")
	return err
}

func setVPC(c *Config, v value) (err error) {
	c.PrivateVPC, err = matching(v, `vpc-[0-9a-f]{8,17}`, "the id of a VPC, such as vpc-0a1b2c3d4e5f67890")
	return err
}

func setStaticVPC(c *Config, v value) error {
	at := StaticVPC{}
	if err := v.object(&at); err != nil {
		return fmt.Errorf("%w; give it as {\"subnets\": [\"subnet-…\"], \"security_groups\": [\"sg-…\"]}", err)
	}
	for _, id := range slices.Concat(at.Subnets, at.SecurityGroups) {
		if _, err := matching(value{id}, `(subnet|sg)-[0-9a-f]{8,17}`, "the id of a subnet or a security group"); err != nil {
			return err
		}
	}
	for _, a := range at.AddressAllow {
		if _, err := netip.ParsePrefix(a); err != nil {
			return fmt.Errorf("address_allow: %q is no prefix such as 10.0.0.0/8", a)
		}
	}
	c.Static = &at
	return nil
}

func setBoundary(c *Config, v value) (err error) {
	c.PermissionsBoundary, err = matching(v, arnHead+`iam::(aws|`+accountID+`):policy/[\w+=,.@/-]+`, "the ARN of a policy, arn:aws:iam::111122223333:policy/NAME")
	return err
}

func setRolePath(c *Config, v value) (err error) {
	c.RolePath, err = matching(v, `/([!-~]{1,510}/)?`, "a path: begin and end it with /, such as /ohfp/")
	return err
}

func setAlarmTopic(c *Config, v value) (err error) {
	c.AlarmTopic, err = matching(v, arnHead+`sns:`+regionName+`:`+accountID+`:[\w-]+`, "the ARN of an SNS topic, arn:aws:sns:REGION:ACCOUNT:NAME")
	return err
}

// retentions are what CloudWatch Logs takes, in days, up to ten years.
func retentions() []int {
	return []int{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}
}

func setRetention(c *Config, v value) error {
	days, err := v.number()
	if err != nil {
		return err
	}
	if !slices.Contains(retentions(), days) {
		return fmt.Errorf("CloudWatch Logs does not keep logs for %d days: take one of %v", days, retentions())
	}
	c.RetentionDays = days
	return nil
}

func setKey(c *Config, v value) (err error) {
	c.Key, err = matching(v, arnHead+`kms:`+regionName+`:`+accountID+`:key/[\w-]+`, "the ARN of a key, arn:aws:kms:REGION:ACCOUNT:key/ID; an alias does not do, for rights name the key")
	return err
}

func setReserved(c *Config, v value) error {
	if err := v.decode(&c.Reserved); err != nil {
		return fmt.Errorf("%w; give it as {\"aws\": 20}", err)
	}
	for kind, n := range c.Reserved {
		if !slices.Contains(Kinds(), kind) || n < 1 {
			return fmt.Errorf("%q: %d is no reservation: give a kind (%s) at least 1", kind, n, strings.Join(Kinds(), ", "))
		}
	}
	return nil
}

func setTracing(c *Config, v value) (err error) {
	c.Tracing, err = v.yes()
	return err
}

func setTable(c *Config, v value) (err error) {
	c.TableARN, err = matching(v, tableForm, "the ARN of a table, arn:aws:dynamodb:REGION:ACCOUNT:table/NAME")
	return err
}

func setStream(c *Config, v value) (err error) {
	c.TableStreamARN, err = matching(v, tableForm+`/stream/[\w:.-]+`, "the ARN of a table's stream: aws dynamodb describe-table --table-name NAME --query Table.LatestStreamArn says it")
	return err
}

const tableForm = arnHead + `dynamodb:` + regionName + `:` + accountID + `:table/[\w.-]{3,255}`
