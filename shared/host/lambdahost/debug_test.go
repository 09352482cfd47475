package lambdahost

import (
	"testing"
)

func TestThePrincipalsThatMaySeeHowAnAnswerCameAboutAreNamed(t *testing.T) {
	for _, c := range []struct {
		list, principal string
		want            bool
	}{
		{"", "arn:aws:iam::1:user/ops", false},
		{" , ", "", false},
		{"*", "anybody", true},
		{"arn:aws:iam::1:user/ops", "arn:aws:iam::1:user/ops", true},
		{"arn:aws:iam::1:user/ops", "arn:aws:iam::1:user/ops2", false},
		{"a, arn:aws:sts::1:assumed-role/ops/*", "arn:aws:sts::1:assumed-role/ops/ada", true},
		{"a, arn:aws:sts::1:assumed-role/ops/*", "arn:aws:sts::1:assumed-role/dev/ada", false},
	} {
		if got := debuggers(c.list)(c.principal); got != c.want {
			t.Errorf("%q for %q: got %t", c.list, c.principal, got)
		}
	}
}
