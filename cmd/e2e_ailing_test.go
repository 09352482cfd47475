package cmd

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	ddb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/openhostfactory/ohfp/shared/store/dynamo"
)

// ailment is why a table cannot be used.
type ailment struct {
	name          string
	afflict, mend func(*patient)
	daemon        string // what ohfpd says, in one line
	says          string // what functions say
}

func ailments() []ailment {
	return []ailment{
		{
			"the table is missing", func(*patient) {}, (*patient).makeTable,
			"or let --create-table make it", "The table is not there",
		},
		{
			"it is of a newer broker", func(p *patient) { p.makeTable(); p.layout(2) }, func(p *patient) { p.layout(1) },
			"has layout 2; this broker knows layout 1. Use the broker that made it, or another table.", "has layout 2; this broker knows layout 1",
		},
		{
			"it is of an older broker", func(p *patient) { p.makeTable(); p.layout(0) }, func(p *patient) { p.layout(1) },
			"has layout 0; this broker knows layout 1. Use the broker that made it, or another table.", "has layout 0; this broker knows layout 1",
		},
		{
			"the credentials are wrong", func(p *patient) { p.makeTable(); p.door.refuses.Store(true) }, func(p *patient) { p.door.refuses.Store(false) },
			"Check its credentials, their expiry, and the rights of its role.", "Check its credentials",
		},
	}
}

// TestTheFunctionsSayWhatAilsTheirTable has daemon and functions meet a table
// that they cannot use. The daemon ends with the remedy. The functions, one
// from each way to be put together, say it to who calls and write it down,
// once; and serve as soon as it is mended.
func TestTheFunctionsSayWhatAilsTheirTable(t *testing.T) {
	if os.Getenv(dynamoDB) == "" {
		t.Skip("NOT TESTED: tables that cannot be used, because " + dynamoDB + " names no DynamoDB; make test-dynamodb runs one")
	}
	bin, dir := build(t), buildFunctions(t)
	for _, a := range ailments() {
		t.Run(a.name, func(t *testing.T) {
			p := newPatient(t)
			a.afflict(p)
			p.daemonEnds(bin, a.daemon)
			p.daemonEnds(bin, a.daemon, "--lambdas", dir)
			p.functionsSay(dir, a)
		})
	}
}

// patient is a table behind a door.
type patient struct {
	*testing.T
	table  string
	client *ddb.Client
	door   *door
	env    []string
}

func newPatient(t *testing.T) *patient {
	t.Helper()
	p := &patient{T: t, table: fmt.Sprintf("ailing-%d", time.Now().UnixNano()), door: newDoor(t)}
	served := httptest.NewServer(p.door)
	t.Cleanup(served.Close)
	p.client = ddb.New(ddb.Options{
		Region: "us-east-1", BaseEndpoint: awssdk.String(os.Getenv(dynamoDB)),
		Credentials: awssdk.CredentialsProviderFunc(func(context.Context) (awssdk.Credentials, error) {
			return awssdk.Credentials{AccessKeyID: "local", SecretAccessKey: "local"}, nil
		}),
	})
	p.env = append(awsEnvironment(), dynamoDB+"="+served.URL, "OHFP_TABLE="+p.table)
	return p
}

func (p *patient) makeTable() {
	p.Helper()
	if err := dynamo.CreateTable(p.Context(), p.client, p.table); err != nil {
		p.Fatal(err)
	}
}

// layout has the table say that it is laid out like this. What of the identity
// stands beside it is missing: nothing here asks for it.
func (p *patient) layout(version int) {
	p.Helper()
	item := map[string]types.AttributeValue{
		"pk": &types.AttributeValueMemberS{Value: "META"}, "sk": &types.AttributeValueMemberS{Value: "SCHEMA"},
		"doc": &types.AttributeValueMemberS{Value: fmt.Sprintf(`{"version":%d}`, version)},
	}
	if _, err := p.client.PutItem(p.Context(), &ddb.PutItemInput{TableName: &p.table, Item: item}); err != nil {
		p.Fatal(err)
	}
}

// door passes calls on to DynamoDB, or refuses them as AWS refuses keys that
// it does not know. It counts them.
type door struct {
	refuses atomic.Bool
	asked   atomic.Int64
	behind  http.Handler
}

func newDoor(t *testing.T) *door {
	t.Helper()
	at, err := url.Parse(os.Getenv(dynamoDB))
	if err != nil {
		t.Fatal(err)
	}
	return &door{behind: httputil.NewSingleHostReverseProxy(at)}
}

func (d *door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.asked.Add(1)
	if !d.refuses.Load() {
		d.behind.ServeHTTP(w, r)
		return
	}
	_, _ = io.Copy(io.Discard, r.Body)
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.Header().Set("X-Amz-Crc32", "2080965641") // the SDK reads no such answer to its end, and complains of the sum
	w.WriteHeader(http.StatusBadRequest)
	_, _ = io.WriteString(w, `{"__type":"com.amazon.coral.service#UnrecognizedClientException","message":"The security token included in the request is invalid."}`)
}

// daemonEnds runs ohfpd, which says one line, asks once, and ends.
func (p *patient) daemonEnds(bin, want string, args ...string) {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.Context(), startWithin)
	defer cancel()
	dir := p.TempDir()
	c := exec.CommandContext(ctx, filepath.Join(bin, "ohfpd"), append([]string{
		"--store", "dynamodb:" + p.table, "--data-dir", filepath.Join(dir, "data"), "--listen", "127.0.0.1:0",
	}, args...)...)
	c.Env = append([]string{"HOME=" + dir, "PATH=" + os.Getenv("PATH")}, p.env...)
	before := p.door.asked.Load()
	out, err := c.CombinedOutput()
	said := string(out)
	if err == nil || c.ProcessState.ExitCode() != 1 {
		p.Errorf("ohfpd %v ended as %v, want exit status 1", args, c.ProcessState)
	}
	if strings.Count(said, "\n") != 1 || !strings.HasPrefix(said, "ohfpd: ") || !strings.Contains(said, want) {
		p.Errorf("ohfpd %v said\n%swant one line with %q", args, said, want)
	}
	if n := p.door.asked.Load() - before; n != 1 {
		p.Errorf("ohfpd %v called DynamoDB %d times", args, n)
	}
}

// functionsSay has a function of each cone meet the table, ill and mended.
func (p *patient) functionsSay(dir string, a ailment) {
	p.Helper()
	l := newLambda(p.T, dir, p.env, "list-templates", "register-template", "attempt-static")
	events := map[string][]byte{
		"list-templates":    request(p.T, "queries/listTemplates", nil),
		"register-template": request(p.T, "commands/registerTemplate", map[string]any{"body": `{"template_id": "web"}`}),
		"attempt-static":    []byte(`{}`),
	}
	before, failed, ended := p.door.asked.Load(), []string(nil), []string(nil)
	for range 2 {
		for name, event := range events {
			failed = append(failed, p.refused(name, l.invoke(name, event), a.says))
		}
	}
	if n := p.door.asked.Load() - before; n != 9 { // each function at its start, and for each event
		p.Errorf("DynamoDB was called %d times, want 9", n)
	}
	a.mend(p)
	for name, event := range events {
		ended = append(ended, p.served(name, l.invoke(name, event)))
	}
	p.wroteDown(l.log(slices.Concat(failed, ended)...), failed)
	l.unharmed()
}

// refused checks what a function told, and returns the invocation.
func (p *patient) refused(function string, got told, says string) string {
	p.Helper()
	code, status := "store_unavailable", http.StatusServiceUnavailable
	if function == "attempt-static" {
		code, status, says = "Ohfp.Internal", http.StatusOK, "store_unavailable: "
	}
	if got.code != code || got.status != status || !strings.Contains(got.text, says) {
		p.Errorf("%s told %+v, want %d %s with %q", function, got, status, code, says)
	}
	return got.id
}

// served checks that a function works. The step's event lacks what it is about,
// which is found after the table was opened.
func (p *patient) served(function string, got told) string {
	p.Helper()
	if function == "attempt-static" {
		if got.code != "Ohfp.Internal" || !strings.Contains(got.text, "invalid_request: ") {
			p.Errorf("mended, %s told %+v", function, got)
		}
	} else if got.status != http.StatusOK {
		p.Errorf("mended, %s told %+v", function, got)
	}
	return got.id
}

func (p *patient) wroteDown(l logged, failed []string) {
	p.Helper()
	for _, operation := range []string{"listTemplates", "registerTemplate", "attempt"} {
		if n := l.openings[operation]; n != 1 { // it is said once more by a process that is started once more
			p.Errorf("%s failed at its start %d times", operation, n)
		}
	}
	for _, id := range failed {
		if e := l.errors[id]; len(e) != 1 || !strings.Contains(e[0], p.table) {
			p.Errorf("invocation %s wrote %q, want one error about the table %s", id, e, p.table)
		}
	}
}
