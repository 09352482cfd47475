package localhost_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/shared/host/localhost"
	"github.com/openhostfactory/ohfp/shared/op"
)

// helloHash is the SHA-256 of "hello", from FIPS 180-4 test tools.
const helloHash = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"

func TestTokensKnowTheirPrincipals(t *testing.T) {
	tokens, err := localhost.ParseTokens([]byte("  "+localToken+"\r\n"), []byte("# c\n\nwatcher\treader  "+strings.ToUpper(helloHash)+"\n"))
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		token string
		want  localhost.Principal
		known bool
	}{
		{localToken, localhost.Principal{Name: "local", Role: op.Admin}, true},
		{"hello", localhost.Principal{Name: "watcher", Role: op.Reader}, true},
		{"Hello", localhost.Principal{}, false},
		{"", localhost.Principal{}, false},
		{helloHash, localhost.Principal{}, false},
		{localToken + "\n", localhost.Principal{}, false},
	}
	for _, tc := range tests {
		got, known := tokens.Who(tc.token)
		if d := cmp.Diff(tc.want, got); d != "" || known != tc.known {
			t.Errorf("Who(%q) = %+v, %v; want %+v, %v", tc.token, got, known, tc.want, tc.known)
		}
	}
}

func TestParseTokensRefuses(t *testing.T) {
	other := strings.Replace(helloHash, "2c", "3c", 1)
	tests := []struct{ name, file, want string }{
		{"an empty file", "\n# none\n", "there is no token"},
		{"a short token", "hunter2", "line 1: the token is shorter than 20 characters"},
		{"two words", "# x\nslurm scheduler", "line 2: want a token, or a name, a role and a SHA-256 in hex"},
		{"an unknown role", "slurm root " + helloHash, `line 1: "root" is not a role: use reader, scheduler, operator, admin`},
		{"a role in capitals", "slurm Admin " + helloHash, `"Admin" is not a role`},
		{"a hash that is too short", "slurm reader abcd", `the hash of "slurm" must be 64 hexadecimal digits`},
		{"a hash that is not hexadecimal", "slurm reader " + strings.Repeat("g", 64), "must be 64 hexadecimal digits"},
		{"a name with a slash", "a/b reader " + helloHash, "the name must be"},
		{"a name twice", "a reader " + helloHash + "\na admin " + other, `line 2: "a" has a token already`},
		{"a token twice", "a reader " + helloHash + "\nb admin " + helloHash, `line 2: "a" and "b" have the same token`},
		{"a second token of its own", localToken + "\n" + readerToken, `line 2: "local" has a token already`},
		{"a line without an end", strings.Repeat("x ", 1<<16), "reading tokens"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			_, err := localhost.ParseTokens([]byte(tc.file))
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Fatalf("error = %v, want %q in it", err, tc.want)
			}
			if strings.Contains(err.Error(), helloHash) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error shows what it read: %v", err)
			}
		})
	}
}

func TestParseTokensJoinsFiles(t *testing.T) {
	if _, err := localhost.ParseTokens([]byte(localToken), []byte("local admin "+helloHash)); err == nil {
		t.Error("a name of the first file was taken again by the second")
	}
}

func FuzzParseTokens(f *testing.F) {
	for _, seed := range []string{"", localToken, "# c\na reader " + helloHash, "a reader x", "a\x00b", "local admin " + helloHash + "\n" + localToken} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		tokens, err := localhost.ParseTokens(data)
		if (tokens == nil) != (err != nil) {
			t.Fatalf("tokens %v, error %v", tokens, err)
		}
		if err != nil {
			return
		}
		if who, ok := tokens.Who(""); ok {
			t.Errorf("the empty token is %v", who)
		}
		for line := range strings.Lines(string(data)) {
			if f := strings.Fields(line); len(f) == 1 && !strings.HasPrefix(f[0], "#") {
				if who, ok := tokens.Who(f[0]); !ok || who.Name != localhost.LocalPrincipal {
					t.Errorf("its own token is not known: %v %v", who, ok)
				}
			}
		}
	})
}
