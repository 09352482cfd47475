package cmd

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

// rightsFile names the file that records what functions ask of AWS while the
// tests play: infra/rights judges it by the roles of the stage. Without it
// nothing is recorded.
const rightsFile = "OHFP_RIGHTS_FILE"

// asked is one thing that a function asked for: an action on the table, on one
// of its indexes, or on a workflow.
type asked struct {
	Function string   `json:"function"`
	Action   string   `json:"action"`         // as IAM calls it
	On       string   `json:"on"`             // table, index/NAME, or the workflow's name
	Keys     []string `json:"keys,omitempty"` // leading keys
}

// ledger is all that was asked, without repetition: of requests that differ only
// in an id one is kept.
type ledger struct {
	mu  sync.Mutex
	all map[string]asked
}

var rights = &ledger{all: map[string]asked{}}

var anyID = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9]+`)

func (l *ledger) add(a asked) {
	slices.Sort(a.Keys)
	a.Keys = slices.Compact(a.Keys)
	shapes := make([]string, len(a.Keys))
	for i, k := range a.Keys {
		shapes[i] = anyID.ReplaceAllString(k, "1")
	}
	slices.Sort(shapes)
	shape := fmt.Sprint(a.Function, a.Action, a.On, slices.Compact(shapes))
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, known := l.all[shape]; !known {
		l.all[shape] = a
	}
}

// write writes one line for each; nothing when nobody asked for it.
func (l *ledger) write(path string) error {
	if path == "" || len(l.all) == 0 {
		return nil
	}
	var text bytes.Buffer
	for _, shape := range slices.Sorted(maps.Keys(l.all)) {
		line, err := json.Marshal(l.all[shape])
		if err != nil {
			return err
		}
		text.Write(append(line, '\n'))
	}
	return errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, text.Bytes(), 0o644))
}

// deployed runs the functions, and records what they ask of AWS when that is
// wanted.
func (l *ledger) deployed(t *testing.T) way {
	t.Helper()
	functions := buildFunctions(t)
	if os.Getenv(rightsFile) == "" {
		return deployed(functions)
	}
	wrapped, door := l.watch(t, functions, os.Getenv(dynamoDB))
	w := deployed(wrapped)
	w.env = append(w.env, dynamoDB+"="+door)
	return w
}

// watch stands between the functions of a directory and AWS. Each function is
// started through a script that gives it an access key of its own, by which it
// is known, and another address of the workflows. It returns where those
// scripts are, and the address of DynamoDB.
func (l *ledger) watch(t *testing.T, functions, dynamoDB string) (wrapped, door string) {
	t.Helper()
	w := watcher{ledger: l, names: map[string]string{}, dynamo: proxy(t, dynamoDB)}
	server := httptest.NewServer(w)
	t.Cleanup(server.Close)
	wrapped = t.TempDir()
	found, err := filepath.Glob(filepath.Join(functions, "*", "bootstrap"))
	if err != nil || len(found) == 0 {
		t.Fatalf("there are no functions in %s: %v", functions, err)
	}
	for _, bootstrap := range found {
		name := filepath.Base(filepath.Dir(bootstrap))
		key := "F" + strings.ReplaceAll(name, "-", "0") // DynamoDB Local takes letters and digits
		w.names[key] = name
		script := fmt.Sprintf("#!/bin/sh\nexport AWS_ACCESS_KEY_ID=%s AWS_ENDPOINT_URL_SFN=%s/${AWS_ENDPOINT_URL_SFN#http://}\nexec %s\n", key, server.URL, bootstrap)
		path := filepath.Join(wrapped, name, "bootstrap")
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(script), 0o755)); err != nil {
			t.Fatal(err)
		}
	}
	return wrapped, server.URL
}

func proxy(t *testing.T, endpoint string) *httputil.ReverseProxy {
	t.Helper()
	to, err := url.Parse(endpoint)
	if err != nil {
		t.Fatal(err)
	}
	return &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) }, ErrorHandler: silent}
}

// silent answers for a service that has gone: a broker that is killed takes its
// workflows along.
func silent(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) }

// watcher notes what functions ask, and passes it on.
type watcher struct {
	ledger *ledger
	names  map[string]string // of functions, by access key
	dynamo *httputil.ReverseProxy
}

var accessKey = regexp.MustCompile(`Credential=(\w+)/`)

// ServeHTTP passes on to DynamoDB, or to the workflows at the address that the
// path begins with.
func (w watcher) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // who asked is gone
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	service, action, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	if m := accessKey.FindStringSubmatch(r.Header.Get("Authorization")); m != nil && w.names[m[1]] != "" {
		for _, a := range asks(service, action, body) {
			a.Function = w.names[m[1]]
			w.ledger.add(a)
		}
	}
	if strings.HasPrefix(service, "DynamoDB") {
		w.dynamo.ServeHTTP(out, r)
		return
	}
	host, path, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	flows := &httputil.ReverseProxy{ErrorHandler: silent, Rewrite: func(p *httputil.ProxyRequest) {
		p.Out.URL = &url.URL{Scheme: "http", Host: host, Path: "/" + path}
	}}
	flows.ServeHTTP(out, r)
}

// item is a part of a request that has a key: by Key, or by the Item itself.
type item struct {
	Key, Item map[string]struct{ S string }
}

func (i item) leading() []string { return []string{i.Key["pk"].S + i.Item["pk"].S} }

// partition finds the value of the partition key, which conditions name first.
var partition = regexp.MustCompile(`^\s*#?\w+\s*=\s*(:\w+)`)

// asks are what IAM is asked for one call. Of a batch it is asked once, with all
// keys; of a transaction for each item, by the action that the item is.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
func asks(service, action string, body []byte) []asked {
	if !strings.HasPrefix(service, "DynamoDB") {
		var in struct{ StateMachineArn string }
		if json.Unmarshal(body, &in) != nil {
			return nil
		}
		return []asked{{Action: "states:" + action, On: in.StateMachineArn[strings.LastIndex(in.StateMachineArn, ":")+1:]}}
	}
	var in struct {
		item

		IndexName                 string
		KeyConditionExpression    string
		ExpressionAttributeValues map[string]struct{ S string }
		RequestItems              map[string]struct {
			Keys []map[string]struct{ S string }
		}
		TransactItems []struct{ Get, Put, Update, Delete, ConditionCheck *item }
	}
	if json.Unmarshal(body, &in) != nil {
		return nil
	}
	a := asked{Action: "dynamodb:" + action, On: "table"}
	switch action {
	case "Query":
		if m := partition.FindStringSubmatch(in.KeyConditionExpression); m != nil {
			a.Keys = []string{in.ExpressionAttributeValues[m[1]].S}
		}
		if in.IndexName != "" {
			a.On = "index/" + in.IndexName
		}
	case "BatchGetItem":
		for _, of := range in.RequestItems {
			for _, k := range of.Keys {
				a.Keys = append(a.Keys, k["pk"].S)
			}
		}
	case "TransactWriteItems", "TransactGetItems":
		var all []asked
		for _, t := range in.TransactItems {
			for name, of := range map[string]*item{
				"GetItem": t.Get, "PutItem": t.Put, "UpdateItem": t.Update, "DeleteItem": t.Delete, "ConditionCheckItem": t.ConditionCheck,
			} {
				if of != nil {
					all = append(all, asked{Action: "dynamodb:" + name, On: "table", Keys: of.leading()})
				}
			}
		}
		return all
	case "GetItem", "PutItem", "UpdateItem", "DeleteItem":
		a.Keys = in.leading()
	}
	return []asked{a}
}
