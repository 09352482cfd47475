package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var ok = reply{status: 200, body: `{"fed":true,"n":1.50}`}

func TestClient_sends_the_request_that_was_typed(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"nothing":                   {nil, `{}`},
		"data":                      {[]string{"--data", `{"animal":"bear"}`}, `{"animal":"bear"}`},
		"data with comments":        {[]string{"--data", "{\n\"animal\": \"b#r\" # who\n// end\n}"}, `{"animal": "b#r"}`},
		"a flag of each type":       {[]string{"--animal", "true", "--grams=7", "--sick", "--mood", "wild", "--home-cage", `{"number":1}`}, `{"animal":"true","grams":7,"home_cage":{"number":1},"mood":"wild","sick":true}`},
		"snake case":                {[]string{"--home_cage", `{"number":1}`}, `{"home_cage":{"number":1}}`},
		"a list":                    {[]string{"--foods", "a,b", "--foods", "c"}, `{"foods":["a","b","c"]}`},
		"false":                     {[]string{"--sick=false"}, `{"sick":false}`},
		"flags beside data":         {[]string{"--data", `{"animal":"bear"}`, "--grams", "7"}, `{"animal":"bear","grams":7}`},
		"the same in flag and data": {[]string{"--data", `{"grams":7.0}`, "--grams", "7"}, `{"grams":7.0}`},
		"the field without a flag":  {[]string{"bear"}, `{"animal":"bear"}`},
		"that field beside others":  {[]string{"bear", "--grams", "7"}, `{"animal":"bear","grams":7}`},
		"a flag that is planned":    {[]string{"--later"}, `{"later":true}`},
		"keys unknown to us":        {[]string{"--data", `{"Animal":"x"}`}, `{"Animal":"x"}`},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBroker(t, ok)
			r := b.call(t, append([]string{"feedAnimal"}, c.args...)...)
			if r.exit != 0 || len(b.calls()) != 1 {
				t.Fatalf("exit %d, %d calls: %s", r.exit, len(b.calls()), r.stderr)
			}
			if got := strings.ReplaceAll(b.calls()[0].body, "\n", ""); spaceless(got) != spaceless(c.want) {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func spaceless(s string) string { return strings.Join(strings.Fields(s), "") }

func TestClient_reads_the_request_from_stdin(t *testing.T) {
	b := newBroker(t, ok)
	sh := shell{stdin: `{"animal":"owl"}`}
	for _, flag := range []string{"--data", "--data-file", "--file", "-f"} {
		sh.run(t, "feedAnimal", flag, "-", "--endpoint", b.URL)
	}
	for _, got := range b.calls() {
		if got.body != `{"animal":"owl"}` {
			t.Errorf("got %s", got.body)
		}
	}
	if len(b.calls()) != 4 {
		t.Errorf("got %d calls", len(b.calls()))
	}
}

func TestClient_sends_its_headers(t *testing.T) {
	b := newBroker(t, ok)
	r := b.call(t, "feedAnimal", "--async", "--request-id", "r.1", "--idempotency-key", "mine", "--trace-id", "4bf92f3577b34da6a3ce929d0e0e4736")
	if r.exit != 0 {
		t.Fatal(r.stderr)
	}
	got := map[string]string{}
	for _, name := range []string{"Content-Type", "Accept", "Prefer", "X-Request-Id", "Idempotency-Key", "Traceparent", "Authorization"} {
		got[name] = b.calls()[0].header.Get(name)
	}
	want := map[string]string{
		"Content-Type": "application/json", "Accept": "application/json, application/problem+json", "Prefer": "respond-async",
		"X-Request-Id": "r.1", "Idempotency-Key": "mine", "Traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-4bf92f3577b34da1-01",
		"Authorization": "",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if b.calls()[0].method != "POST" || b.calls()[0].uri != "/v1/commands/feedAnimal" {
		t.Errorf("got %s %s", b.calls()[0].method, b.calls()[0].uri)
	}
}

func TestClient_gives_request_id_to_an_operation_with_that_field(t *testing.T) {
	b := newBroker(t, ok)
	b.call(t, "getRequestStatus", "--request-id", "req-12345")
	if got := b.calls()[0]; got.body != `{"request_id":"req-12345"}` || got.header.Get("X-Request-Id") != "" || got.uri != "/v1/queries/getRequestStatus" {
		t.Errorf("got %+v", got)
	}
}

func TestClient_makes_no_key_for_a_query(t *testing.T) {
	b := newBroker(t, reply{status: 503, body: `{"code":"store_unavailable","detail":"no disk"}`})
	r := b.call(t, "getRequestStatus")
	if b.calls()[0].header.Get("Idempotency-Key") != "" || strings.Contains(r.stderr, "key") || r.exit != 1 {
		t.Errorf("got %v %+v", b.calls()[0].header, r)
	}
}

func TestClient_prints_one_document_and_exits_as_promised(t *testing.T) {
	for name, c := range map[string]struct {
		answer reply
		exit   int
		stdout string
		stderr string
	}{
		"done":             {ok, 0, "{\n  \"fed\": true,\n  \"n\": 1.50\n}\n", ""},
		"partial":          {reply{status: 200, body: `{"status":"PARTIAL","operation_id":"op-1","message":"3 of 5"}`}, 1, "PARTIAL", "ohfp: operation op-1 ended PARTIAL: 3 of 5 (to repeat this very request: --idempotency-key made-key)\n"},
		"a wrong request":  {reply{status: 400, body: `{"code":"invalid_request","detail":"grams: want\n1"}`}, 2, "invalid_request", "ohfp: invalid_request: grams: want 1\n"},
		"too large":        {reply{status: 413, body: `{"code":"too_large","detail":"d"}`}, 1, "too_large", "made-key)\n"},
		"a failure":        {reply{status: 502, body: `{"code":"provider_failed","detail":"d","operation_id":"op-1"}`}, 1, "provider_failed", "ohfp: provider_failed: d (to repeat this very request: --idempotency-key made-key)\n"},
		"a newer code":     {reply{status: 400, body: `{"code":"brand_new","detail":"d"}`}, 2, "brand_new", "ohfp: brand_new: d\n"},
		"a gateway":        {reply{status: 502, body: `<html>`}, 1, `"unexpected_answer"`, "answered 502 Bad Gateway with application/json, which is not the answer of a broker"},
		"AWS's own answer": {reply{status: 403, body: `{"message":"Forbidden"}`}, 1, `"forbidden"`, "403 Forbidden"},
		"a redirect":       {reply{status: 302, body: ``, location: "http://127.0.0.1:1/"}, 1, `"unexpected_answer"`, "302 Found"},
		"no JSON":          {reply{status: 200, body: `hello`}, 1, `"unexpected_answer"`, "200 OK"},
		"a cut connection": {reply{hang: true}, 3, `"unreachable"`, "made-key)\n"},
		"control codes":    {reply{status: 409, body: `{"code":"conflict","detail":"\u001b[2Jx"}`}, 1, "conflict", "ohfp: conflict: [2Jx ("},
	} {
		t.Run(name, func(t *testing.T) {
			r := newBroker(t, c.answer).call(t, "feedAnimal")
			if r.exit != c.exit || !strings.Contains(r.stdout, c.stdout) || !strings.Contains(r.stderr, c.stderr) || c.stderr == "" && r.stderr != "" {
				t.Errorf("exit %d\n%s\n%s", r.exit, r.stdout, r.stderr)
			}
			if n := strings.Count(r.stderr, "\n"); n > 1 {
				t.Errorf("stderr has %d lines", n)
			}
			r.code(t)
		})
	}
}

func TestClient_refuses_before_anything_is_sent(t *testing.T) {
	for want, args := range map[string][]string{
		`usage: unknown operation "feedAnimel"; did you mean feedAnimal?`:                  {"feedAnimel"},
		`usage: unknown operation "zzz"; "ohfp --help" lists them`:                         {"zzz"},
		`usage: unknown operation "cleanCage"; "ohfp --help" lists them`:                   {"cleanCage"},
		`usage: unknown operation "feedAnimals"; did you mean feedAnimal?`:                 {"feedAnimals", "--data", "{}"},
		`usage: unknown flag --zzz; "ohfp --help" lists them`:                              {"--zzz", "feedAnimal"},
		`usage: unknown flag --gram; did you mean --grams?`:                                {"feedAnimal", "--gram", "1"},
		`usage: unknown flag --zzz; "ohfp feedAnimal --help" lists them`:                   {"feedAnimal", "--zzz"},
		`usage: unknown flag -z; "ohfp feedAnimal --help" lists them`:                      {"feedAnimal", "-z"},
		`usage: unexpected argument "bear"`:                                                {"getRequestStatus", "bear"},
		`usage: unexpected argument "wolf"`:                                                {"feedAnimal", "bear", "wolf"},
		`usage: invalid argument "bear" for "--animal" flag: given 2 times`:                {"feedAnimal", "bear", "--animal", "wolf"},
		`usage: a request is given with --data: --data '{"a":1}'`:                          {"feedAnimal", `{"a":1}`},
		`usage: invalid argument "many" for "--grams" flag: want an integer, got "many"`:   {"feedAnimal", "--grams", "many"},
		`usage: invalid argument "2" for "--grams" flag: given 2 times`:                    {"feedAnimal", "--grams", "1", "--grams", "2"},
		`usage: flag needs an argument: --grams`:                                           {"feedAnimal", "--grams"},
		`usage: --grams and --data give different values: 7 and 5`:                         {"feedAnimal", "--grams", "7", "--data", `{"grams":5}`},
		`usage: --data, --data-file and --file exclude one another`:                        {"feedAnimal", "--data", "{}", "-f", "x"},
		`usage: --data: the body is not valid JSON at line 1, column 2: invalid character`: {"feedAnimal", "--data", "{grams: 1}"},
		`usage: --data: grams: the key is given twice`:                                     {"feedAnimal", "--data", `{"grams":1,"grams":2}`},
		`usage: --data: want a JSON object`:                                                {"feedAnimal", "--data", `[1]`},
		`usage: --data-file: open /nowhere/x.json: no such file or directory`:              {"feedAnimal", "--data-file", "/nowhere/x.json"},
		`usage: --format: "xml" is none of table, json, yaml`:                              {"feedAnimal", "--format", "xml"},
		`usage: --auth: "basic" is none of auto, bearer, sigv4, none`:                      {"feedAnimal", "--auth", "basic"},
		`usage: --aws-profile, --aws-region: calls of http://127.0.0.1:1 are not signed`:   {"feedAnimal", "--aws-region", "eu-west-1", "--endpoint", "http://127.0.0.1:1"},
		`usage: a signed call could be read and repeated on its way to http://192.0.2.1`:   {"feedAnimal", "--auth", "SigV4", "--endpoint", "http://192.0.2.1"},
		`usage: --aws-region: the endpoint is in eu-west-1, not in us-east-1`:              {"feedAnimal", "--aws-region", "us-east-1", "--endpoint", "https://x.execute-api.eu-west-1.amazonaws.com"},
		`usage: there are no credentials of AWS to sign with: set AWS_ACCESS_KEY_ID and`:   {"feedAnimal", "--endpoint", "https://x.execute-api.eu-west-1.amazonaws.com"},
		`usage: --broker-account: want the 12 digits of an account, got "12"`:              {"aws", "provider-role", "--broker-account", "12"},
		`usage: unknown command "provider-rol"; did you mean "aws provider-role"?`:         {"aws", "provider-rol"},
		`usage: endpoint "localhost:8080": want http://HOST:PORT`:                          {"feedAnimal", "--endpoint", "localhost:8080"},
		`usage: endpoint "unix://relative": want http`:                                     {"feedAnimal", "--endpoint", "unix://relative"},
		`usage: endpoint: want no user, query or fragment in http://a:xxxxx@h`:             {"feedAnimal", "--endpoint", "http://a:secret@h"},
		`usage: --async: getRequestStatus always answers when it is done`:                  {"getRequestStatus", "--async"},
		`usage: --wait: getRequestStatus always answers when it is done`:                   {"getRequestStatus", "--wait"},
		`usage: --idempotency-key: getRequestStatus changes nothing`:                       {"getRequestStatus", "--idempotency-key", "k"},
		`usage: --trace-id: want 32 hexadecimal digits, not all 0, got "xyz"`:              {"feedAnimal", "--trace-id", "xyz"},
		`usage: --request-id: want 1 to 128 letters`:                                       {"feedAnimal", "--request-id", "a b"},
		`usage: reading the token: open /nowhere/token: no such file or directory`:         {"feedAnimal", "--token-file", "/nowhere/token"},
		`usage: the token would be readable on its way to http://192.0.2.1`:                {"feedAnimal", "--endpoint", "http://192.0.2.1", "--auth", "bearer"},
		`the catalogue is wrong: collide has two flags --data`:                             {"collide"},
	} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			r := shell{}.run(t, args...)
			wantExit := 2
			if args[0] == "collide" {
				wantExit = 1
			}
			if r.exit != wantExit || !strings.HasPrefix(r.stderr, "ohfp: "+want) {
				t.Errorf("exit %d: %s", r.exit, r.stderr)
			}
			if strings.Contains(r.stderr+r.stdout, "secret") {
				t.Error("a password was repeated")
			}
		})
	}
}

func TestClient_follows_work_that_goes_on(t *testing.T) {
	running := reply{status: 202, body: `{"operation_id":"op-1","status":"RUNNING"}`, location: "/v1/queries/getOperation?operation_id=op-1"}
	record := reply{status: 200, body: running.body}
	end := reply{status: 200, body: `{"operation_id":"op-1","status":"SUCCEEDED"}`}
	b := newBroker(t, running, record, reply{hang: true}, reply{status: 503, body: `{"code":"store_unavailable"}`}, end)
	r := b.call(t, "feedAnimal", "--async", "--wait")
	if r.exit != 0 || !strings.Contains(r.stdout, "SUCCEEDED") || r.stderr != "ohfp: operation op-1: RUNNING\n" {
		t.Errorf("got %+v", r)
	}
	if got := b.calls()[1]; got.method != "GET" || got.uri != "/v1/queries/getOperation?operation_id=op-1" {
		t.Errorf("got %+v", got)
	}
	ms := time.Millisecond
	if diff := cmp.Diff([]time.Duration{100 * ms, 150 * ms, 225 * ms, 337500 * time.Microsecond}, r.pauses); diff != "" {
		t.Error(diff)
	}
}

func TestClient_that_waited_exits_1_when_the_operation_failed(t *testing.T) {
	for _, status := range []string{"FAILED", "PARTIAL", "UNKNOWN", "CANCELLED"} {
		b := newBroker(t, reply{status: 200, body: `{"operation_id":"op-1","status":"RUNNING"}`}, reply{status: 200, body: `{"operation_id":"op-1","status":"` + status + `","message":"why"}`})
		r := b.call(t, "getOperation", "--operation-id", "op-1", "--wait")
		if r.exit != 1 || !strings.Contains(r.stderr, "operation op-1 ended "+status+": why\n") || !strings.Contains(r.stdout, status) {
			t.Errorf("%s: %+v", status, r)
		}
		if r := b.call(t, "getOperation", "--operation-id", "op-1"); r.exit != 0 || r.stderr != "" {
			t.Errorf("a look-up of a %s operation is a success: %+v", status, r)
		}
		if r := b.call(t, "getOperation", "--operation-id", "op-1", "--wait"); r.exit != 1 {
			t.Errorf("it exits %d when a %s operation was over before", r.exit, status)
		}
	}
}

func TestClient_gives_up_on_a_broker_that_stays_away(t *testing.T) {
	b := newBroker(t, reply{status: 202, body: `{"operation_id":"op-1","status":"RUNNING"}`}, reply{hang: true})
	r := b.call(t, "feedAnimal", "--async", "--wait")
	if r.exit != 3 || r.code(t) != "unreachable" || !strings.Contains(r.stderr, "operation op-1 may go on (to repeat") || len(b.calls()) != 16 {
		t.Errorf("%d calls, %+v", len(b.calls()), r)
	}
	if got := b.calls()[1].uri; got != "/v1/queries/getOperation?operation_id=op-1" {
		t.Errorf("without a Location it asked %s", got)
	}
}

func TestClient_prints_tables_on_a_terminal(t *testing.T) {
	b := newBroker(t, reply{status: 200, body: `{"animals":[{"name":"bear"}]}`})
	r := shell{tty: true, env: map[string]string{"NO_COLOR": "1"}}.run(t, "getRequestStatus", "--endpoint", b.URL)
	if !strings.Contains(r.stdout, "│ NAME │") || strings.Contains(r.stdout, "\x1b") {
		t.Errorf("got %s", r.stdout)
	}
	r = shell{tty: true}.run(t, "getRequestStatus", "--endpoint", b.URL, "--format", "yaml")
	if r.stdout != "animals:\n  - name: bear\n" {
		t.Errorf("got %q", r.stdout)
	}
}

func TestClient_logs_what_it_does_without_secrets(t *testing.T) {
	b := newBroker(t, ok)
	for _, sh := range []shell{{env: map[string]string{"HF_LOG_LEVEL": "DEBUG"}}, {}} {
		args := []string{"feedAnimal", "--data", `{"animal":"canary"}`, "--endpoint", b.URL, "--token-file", tokenFile(t, "s3cret")}
		if sh.env == nil {
			args = append(args, "--debug")
		}
		r := sh.run(t, args...)
		if strings.Count(r.stderr, "\n") != 2 || !strings.Contains(r.stderr, `"msg":"request"`) || !strings.Contains(r.stderr, `"status":200`) {
			t.Errorf("got %s", r.stderr)
		}
		if strings.Contains(r.stderr, "s3cret") || strings.Contains(r.stderr, "canary") {
			t.Errorf("a secret was logged: %s", r.stderr)
		}
	}
}

func TestClient_that_is_interrupted_says_how_to_go_on_waiting(t *testing.T) {
	b := newBroker(t, reply{status: 202, body: `{"operation_id":"op-1","status":"RUNNING"}`})
	r := shell{stop: context.Canceled, tty: true}.run(t, "feedAnimal", "--async", "--wait", "--endpoint", b.URL, "--format", "json")
	want := "interrupted; operation op-1 goes on: ohfp getOperation --operation-id op-1 --wait"
	if r.exit != 1 || !strings.Contains(r.stderr, want) || !strings.Contains(r.stdout, "RUNNING") {
		t.Errorf("got %+v", r)
	}
	if !strings.HasPrefix(r.stderr, "\r\x1b[K⠋ operation op-1: RUNNING, 0s\r\x1b[Kohfp: ") {
		t.Errorf("the progress line was left behind: %q", r.stderr)
	}
}

func TestClient_moves_what_the_broker_tells_of_an_answer_to_stderr(t *testing.T) {
	b := newBroker(t, reply{status: 200, body: `{"n":1,"debug":[{"msg":"snapshot"},{"msg":"store call"}]}`})
	r := shell{}.run(t, "feedAnimal", "--debug", "--animal", "bear", "--endpoint", b.URL)
	if want := "{\n  \"n\": 1\n}\n"; r.stdout != want {
		t.Errorf("stdout is %q, want %q", r.stdout, want)
	}
	if !strings.Contains(r.stderr, "{\"msg\":\"snapshot\"}\n{\"msg\":\"store call\"}\n") {
		t.Errorf("stderr is %s", r.stderr)
	}
	if got := b.got[0].header.Get("Ohfp-Debug"); got != "1" {
		t.Errorf("it asked by %q", got)
	}
	plain := shell{}.run(t, "feedAnimal", "--animal", "bear", "--endpoint", b.URL)
	if b.got[1].header.Get("Ohfp-Debug") != "" || plain.stderr != "" {
		t.Errorf("it asked without being asked: %+v", plain)
	}
}
