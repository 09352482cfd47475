package sigv4_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/cmd/ohfp/internal/sigv4"
)

// who is what a signature says of its maker; the secret is in the signature.
type who struct{ Key, Token, Region string }

// signedBy signs a call and returns who did.
func signedBy(t testing.TB, o sigv4.Options) (who, error) {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, "https://broker.example/", nil)
	if err := sigv4.New(o).Sign(t.Context(), r, nil); err != nil {
		return who{}, err
	}
	scope := strings.Split(strings.TrimPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 Credential="), "/")
	return who{scope[0], r.Header.Get("X-Amz-Security-Token"), scope[2]}, nil
}

func write(t testing.TB, path, text string, mode os.FileMode) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	return path
}

// The shared files, in every spelling that AWS's tools take.
const (
	configured = `
# comment
[default]
region = eu-north-1
s3 =
  region = nowhere
  aws_access_key_id = NOTHING
output = json
[profile plain]
region=us-west-2 # beside the sea
aws_access_key_id = FROMCONFIG
aws_secret_access_key = "quoted"
[plain]
region = nowhere
[ profile   spaced ] ; why not
REGION : ap-south-1
  aws_access_key_id = INDENTED
  aws_secret_access_key = secret
[profile both]
aws_access_key_id = FROMCONFIG
aws_secret_access_key = c
[profile bare]
region = us-east-2
[profile asked]
region = eu-west-3
credential_process = echo '{"Version":1,"AccessKeyId":"FROMPROCESS","SecretAccessKey":"s","SessionToken":"t"}'
[services x]
aws_access_key_id = NOTHING
broken line
[unclosed
aws_secret_access_key = NOTHING
`
	secrets = `aws_access_key_id = NOBODYS
[default]
aws_access_key_id = FROMDEFAULT
aws_secret_access_key = s
[both]
aws_access_key_id=FROMCREDENTIALS
aws_secret_access_key=s#not a comment
aws_session_token='tok;en'
[only]
aws_access_key_id = ONLYHERE
aws_secret_access_key = s
`
)

// TestCredentialsAreWhereTheSDKFindsThem holds what is found to the SDK's own
// package config.
func TestCredentialsAreWhereTheSDKFindsThem(t *testing.T) {
	dir := t.TempDir()
	files := map[string]string{
		"AWS_CONFIG_FILE":             write(t, filepath.Join(dir, "config"), configured, 0o600),
		"AWS_SHARED_CREDENTIALS_FILE": write(t, filepath.Join(dir, "credentials"), secrets, 0o600),
	}
	agent := container(t)
	for name, c := range map[string]struct {
		env     map[string]string
		profile string
	}{
		"the default profile":             {nil, ""},
		"the environment":                 {keys, ""},
		"the environment, with a session": {with(keys, "AWS_SESSION_TOKEN", "tok"), ""},
		"the environment and a profile":   {with(keys, "AWS_PROFILE", "plain"), ""},
		"a profile chosen by name":        {keys, "only"},
		"a profile of the environment":    {map[string]string{"AWS_PROFILE": "plain"}, ""},
		"half of the environment":         {map[string]string{"AWS_ACCESS_KEY_ID": "AKID"}, ""},
		"a profile spelt with blanks":     {map[string]string{"AWS_PROFILE": "spaced"}, ""},
		"a profile in both files":         {map[string]string{"AWS_PROFILE": "both", "AWS_REGION": "x"}, ""},
		"a process":                       {map[string]string{"AWS_PROFILE": "asked"}, ""},
		"another region":                  {map[string]string{"AWS_DEFAULT_REGION": "af-south-1"}, ""},
		"a container":                     {map[string]string{"AWS_PROFILE": "bare", "AWS_CONTAINER_CREDENTIALS_FULL_URI": agent, "AWS_CONTAINER_AUTHORIZATION_TOKEN": "let me in"}, ""},
		"a pod":                           {map[string]string{"AWS_PROFILE": "bare", "AWS_CONTAINER_CREDENTIALS_FULL_URI": agent, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": write(t, filepath.Join(dir, "token"), "let me in", 0o600)}, ""},
		"a profile beside a container":    {map[string]string{"AWS_PROFILE": "only", "AWS_REGION": "x", "AWS_CONTAINER_CREDENTIALS_FULL_URI": agent}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			env := maps.Clone(files)
			maps.Copy(env, c.env)
			want := bySDK(t, env, c.profile)
			o := options(t, env)
			o.Profile = c.profile
			if c.profile == "only" {
				o.Region = "eu-west-1"
			}
			got, err := signedBy(t, o)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-SDK +ours):\n%s", diff)
			}
		})
	}
}

func with(env map[string]string, name, value string) map[string]string {
	env = maps.Clone(env)
	env[name] = value
	return env
}

// bySDK is what the SDK finds, which reads the environment itself.
func bySDK(t *testing.T, env map[string]string, profile string) who {
	t.Helper()
	for _, pair := range os.Environ() {
		if name, _, _ := strings.Cut(pair, "="); strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, "") // puts it back in the end
			_ = os.Unsetenv(name)
		}
	}
	for name, value := range env {
		t.Setenv(name, value)
	}
	more := []func(*config.LoadOptions) error{}
	if profile != "" {
		more = append(more, config.WithSharedConfigProfile(profile))
	}
	cfg, err := config.LoadDefaultConfig(t.Context(), more...)
	if err != nil {
		t.Fatal(err)
	}
	c, err := cfg.Credentials.Retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return who{c.AccessKeyID, c.SessionToken, cfg.Region}
}

// container gives credentials to who is in it.
func container(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "let me in" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		fmt.Fprintf(w, `{"AccessKeyId":"CONTAINED","SecretAccessKey":"s","Token":"tok","Expiration":%q}`, noon.AddDate(10, 0, 0).Format(time.RFC3339))
	}))
	t.Cleanup(server.Close)
	return server.URL + "/credentials"
}

// instance is the metadata of an instance, in the version that asks for a
// token; each credential expires in an hour.
func instance(t *testing.T) (endpoint string, given *int) {
	t.Helper()
	given = new(int)
	mux := http.NewServeMux()
	mux.HandleFunc("PUT /latest/api/token", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Aws-Ec2-Metadata-Token-Ttl-Seconds", "300")
		fmt.Fprint(w, "a token")
	})
	mux.HandleFunc("GET /latest/meta-data/iam/security-credentials/", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Aws-Ec2-Metadata-Token") != "a token" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		if r.URL.Path == "/latest/meta-data/iam/security-credentials/" {
			fmt.Fprint(w, "schedulers")
			return
		}
		*given++
		fmt.Fprintf(w, `{"Code":"Success","AccessKeyId":"ASIA%d","SecretAccessKey":"s","Token":"tok","Expiration":%q}`, *given, noon.Add(time.Hour).Format(time.RFC3339))
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL, given
}

func TestAnInstanceGivesItsRole(t *testing.T) {
	endpoint, given := instance(t)
	o := options(t, map[string]string{"AWS_EC2_METADATA_SERVICE_ENDPOINT": endpoint, "AWS_EC2_METADATA_DISABLED": "", "AWS_REGION": "eu-west-1"})
	now := noon
	o.Now = func() time.Time { return now }
	s := sigv4.New(o)
	for _, c := range []struct {
		after time.Duration
		key   string
		err   string
	}{
		{0, "ASIA1", ""},
		{59 * time.Minute, "ASIA1", ""},
		{time.Hour, "", `the credentials of the instance expired at 2026-05-04T13:00:00Z: get new ones from where these came`},
	} {
		now = noon.Add(c.after)
		r := httptest.NewRequest(http.MethodGet, "https://broker.example/", nil)
		err := s.Sign(t.Context(), r, nil)
		if got := r.Header.Get("Authorization"); err == nil && !strings.Contains(got, "Credential="+c.key+"/") || c.err != "" && (err == nil || err.Error() != c.err) {
			t.Errorf("after %s: %q %v", c.after, got, err)
		}
	}
	if *given != 2 {
		t.Errorf("asked %d times; once, and again when they had expired, was expected", *given)
	}
}

// A role and a sign-on are the business of AWS's own tool.
func TestTheAWSCLIGivesWhatTakesARole(t *testing.T) {
	dir := t.TempDir()
	asked := filepath.Join(dir, "asked")
	write(t, filepath.Join(dir, "aws"), "#!/bin/sh\necho \"$@\" > "+asked+"\necho '{\"Version\":1,\"AccessKeyId\":\"ASIACLI\",\"SecretAccessKey\":\"s\",\"SessionToken\":\"t\",\"Expiration\":\"2026-05-04T12:30:00Z\"}'\n", 0o700)
	t.Setenv("PATH", dir)
	file := write(t, filepath.Join(dir, "config"), "[profile role]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = default\naws_access_key_id = NOTMINE\naws_secret_access_key = s\n"+
		"[profile sso]\nsso_session = s\n[profile old]\nsso_start_url = https://x\n[profile login]\nlogin_session = arn\n", 0o600)
	for _, profile := range []string{"role", "sso", "old", "login"} {
		got, err := signedBy(t, options(t, map[string]string{"AWS_CONFIG_FILE": file, "AWS_PROFILE": profile, "AWS_REGION": "x"}))
		if want := (who{"ASIACLI", "t", "x"}); err != nil || got != want {
			t.Errorf("%s: %+v, %v", profile, got, err)
		}
		args, err := os.ReadFile(asked)
		if want := "configure export-credentials --format process --profile " + profile + "\n"; err != nil || string(args) != want {
			t.Errorf("asked %q, %v", args, err)
		}
	}
	if got, err := signedBy(t, options(t, map[string]string{"AWS_WEB_IDENTITY_TOKEN_FILE": "/token", "AWS_REGION": "x"})); err != nil || got.Key != "ASIACLI" {
		t.Errorf("a web identity: %+v, %v", got, err)
	}
}

func TestWithoutCredentialsItIsSaidWhatToDo(t *testing.T) {
	dir := t.TempDir()
	file := write(t, filepath.Join(dir, "config"), "[profile sso]\nsso_session = s\n[profile broken]\ncredential_process = exit 1\n"+
		"[profile half]\naws_access_key_id = A\n[profile past]\ncredential_process = echo '{\"Version\":1,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"s\",\"Expiration\":\"2001-01-01T00:00:00Z\"}'\n", 0o600)
	t.Setenv("PATH", "/bin:/usr/bin")
	silent := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(silent.Close)
	for want, env := range map[string]map[string]string{
		"set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile with --aws-profile or AWS_PROFILE": nil,
		"or name a profile with --aws-profile or AWS_PROFILE (the instance gave none: ":                        {"AWS_EC2_METADATA_DISABLED": "", "AWS_EC2_METADATA_SERVICE_ENDPOINT": silent.URL},
		`there is no profile "nobody" of AWS in ~/.aws/config or ~/.aws/credentials`:                           {"AWS_PROFILE": "nobody"},
		`the profile "sso" gives credentials by a sign-on or a role, which takes the AWS CLI, version 2`:       {"AWS_PROFILE": "sso"},
		`the profile "half" has only one of aws_access_key_id and aws_secret_access_key`:                       {"AWS_PROFILE": "half"},
		`getting the credentials of the profile "broken": `:                                                    {"AWS_PROFILE": "broken"},
		`the credentials of the profile "past" expired at 2001-01-01T00:00:00Z: get new ones`:                  {"AWS_PROFILE": "past"},
		"the endpoint of the container's credentials, \"http://192.0.2.1/x\", is neither https nor on this":    {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://192.0.2.1/x"},
		"the region of the endpoint is not known: name it with --aws-region or AWS_REGION":                     {"AWS_REGION": ""},
		"reading credentials of AWS: open /dev/null/x: not a directory":                                        {"AWS_CONFIG_FILE": "/dev/null/x"},
	} {
		all := map[string]string{"AWS_CONFIG_FILE": file, "AWS_REGION": "x"}
		maps.Copy(all, env)
		if _, err := signedBy(t, options(t, all)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %s\n got %v", want, err)
		}
	}
}

func FuzzTheSharedFiles(f *testing.F) {
	f.Add(configured, "plain")
	f.Add("[default]\n"+strings.SplitN(configured, "[profile plain]", 2)[1], "default")
	f.Fuzz(func(t *testing.T, text, name string) {
		dir := t.TempDir()
		env := map[string]string{
			"AWS_CONFIG_FILE": write(t, filepath.Join(dir, "config"), text, 0o600), "AWS_SHARED_CREDENTIALS_FILE": filepath.Join(dir, "none"),
		}
		if strings.ContainsAny(text, "\r\v\f\u0085\u00a0") || name == "" || name != strings.Join(strings.Fields(name), " ") || strings.ContainsAny(name, "[]#;") {
			t.Skip("blanks beyond blank and tab")
		}
		theirs, err := config.LoadSharedConfigProfile(t.Context(), name, func(o *config.LoadSharedConfigOptions) {
			o.ConfigFiles, o.CredentialsFiles = []string{env["AWS_CONFIG_FILE"]}, []string{}
		})
		if err != nil || !theirs.Credentials.HasKeys() {
			return // roles without a source, sign-ons that are not whole: it refuses more
		}
		ours, err := sigv4.ReadProfile(func(name string) string { return env[name] }, name)
		if err != nil {
			t.Fatal(err)
		}
		want := []string{theirs.Credentials.AccessKeyID, theirs.Credentials.SecretAccessKey, theirs.Credentials.SessionToken, theirs.Region}
		got := []string{ours["aws_access_key_id"], ours["aws_secret_access_key"], ours["aws_session_token"], ours["region"]}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-SDK +ours):\n%s", diff)
		}
	})
}
