package counts

import (
	"regexp"
	"strings"
)

// String writes a call as "TransactWriteItems OP#<operation>/META …".
func (c Call) String() string {
	words := []string{c.Action}
	for _, r := range c.Rows {
		words = append(words, r.Key)
	}
	return strings.Join(words, " ")
}

// Pattern writes a key as the list does: what differs between two sites, or
// two requests, becomes what it is. A key that is in no list stays as it is.
func Pattern(key string) string {
	for _, p := range patterns {
		if p.of.MatchString(key) {
			return p.of.ReplaceAllString(key, p.to)
		}
	}
	return key
}

var patterns = []struct {
	of *regexp.Regexp
	to string
}{
	{regexp.MustCompile(`^TPL/.+$`), "TPL/<template>"},
	{regexp.MustCompile(`^OP#[^/]+/(META|DEC|)$`), "OP#<operation>/$1"},
	{regexp.MustCompile(`^OP#[^/]+/ATT#\d+$`), "OP#<operation>/ATT#<n>"},
	{regexp.MustCompile(`^IDEM#[^#]+#[^#]+#.+/-$`), "IDEM#<principal>#<operation>#<key>/-"},
	{regexp.MustCompile(`^PROV#.+/(CONF|CAPS)$`), "PROV#<provider>/$1"},
	{regexp.MustCompile(`^REG/P#.+$`), "REG/P#<provider>"},
	{regexp.MustCompile(`^LIVE/P#[^#]+#[^#]+$`), "LIVE/P#<provider>#<class>"},
	{regexp.MustCompile(`^POOL#[^/]+/$`), "POOL#<provider>/"},
	{regexp.MustCompile(`^POOL#[^/]+/H#.+$`), "POOL#<provider>/H#<host>"},
	{regexp.MustCompile(`^MACH#.+/OWN$`), "MACH#<machine>/OWN"},
	{regexp.MustCompile(`^OWNED#.+/m-.+$`), "OWNED#<provider>/<machine>"},
	{regexp.MustCompile(`^NAME#.+/m-.+$`), "NAME#<name>/<machine>"},
	{regexp.MustCompile(`^TICKET#.+/0$`), "TICKET#<scope>/0"},
	{regexp.MustCompile(`^MET#[^#]+#[^/]+/[0-5][0-9]#.+$`), "MET#<provider>#<hour>/<minute>#<type>"},
	{regexp.MustCompile(`^MET#[^#]+#[^/]+/$`), "MET#<provider>#<hour>/"},
	{regexp.MustCompile(`^index open: OPEN#[0-7]$`), "index open: OPEN#<shard>"},
}
