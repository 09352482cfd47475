package localhost

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"

	"github.com/openhostfactory/ohfp/shared/op"
)

// Principal is a caller that showed who it is.
type Principal struct {
	Name string
	Role op.Role
}

// LocalPrincipal is who holds the broker's own token.
const LocalPrincipal = "local"

// minToken is the least length of a token in bytes: what is shorter is a
// password, and a plain hash does not protect passwords.
const minToken = 20

var namePattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$`)

// Tokens knows principals by the SHA-256 of their tokens. It never changes
// after [ParseTokens].
type Tokens struct {
	entries []entry
}

type entry struct {
	who  Principal
	hash [sha256.Size]byte
}

// ParseTokens reads token files, one after the other. A line is a token
// itself, whose principal is [LocalPrincipal] with the role admin, or
// "name role hash": hash is the SHA-256 of the token in hex. Empty lines and
// lines that begin with '#' are skipped. A name or a hash that comes twice,
// and files without any line, are errors. Errors never hold the line.
func ParseTokens(files ...[]byte) (*Tokens, error) {
	t := &Tokens{}
	for _, data := range files {
		if err := t.parse(data); err != nil {
			return nil, err
		}
	}
	if len(t.entries) == 0 {
		return nil, fmt.Errorf("there is no token")
	}
	return t, nil
}

func (t *Tokens) parse(data []byte) error {
	lines := bufio.NewScanner(bytes.NewReader(data))
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		e, err := parseLine(line)
		if err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
		if err := t.add(e); err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("reading tokens: %w", err)
	}
	return nil
}

func (t *Tokens) add(e entry) error {
	for _, have := range t.entries {
		if have.who.Name == e.who.Name {
			return fmt.Errorf("%q has a token already", e.who.Name)
		}
		if have.hash == e.hash {
			return fmt.Errorf("%q and %q have the same token", have.who.Name, e.who.Name)
		}
	}
	t.entries = append(t.entries, e)
	return nil
}

func parseLine(line string) (entry, error) {
	switch f := strings.Fields(line); len(f) {
	case 1:
		if len(f[0]) < minToken {
			return entry{}, fmt.Errorf("the token is shorter than %d characters", minToken)
		}
		return entry{Principal{LocalPrincipal, op.Admin}, sha256.Sum256([]byte(f[0]))}, nil
	case 3:
		return parseEntry(f[0], f[1], f[2])
	default:
		return entry{}, fmt.Errorf("want a token, or a name, a role and a SHA-256 in hex")
	}
}

func parseEntry(name, role, sum string) (entry, error) {
	if !namePattern.MatchString(name) {
		return entry{}, fmt.Errorf("the name must be 1 to 64 letters, digits, '-' or '_' and begin with a letter or digit")
	}
	r, err := ParseRole(role)
	if err != nil {
		return entry{}, err
	}
	e := entry{who: Principal{name, r}}
	raw, err := hex.DecodeString(sum)
	if err != nil || len(raw) != len(e.hash) {
		return entry{}, fmt.Errorf("the hash of %q must be 64 hexadecimal digits", name)
	}
	copy(e.hash[:], raw)
	return e, nil
}

// Who returns the principal that holds token. It takes the same time for
// every token: all entries are compared.
func (t *Tokens) Who(token string) (Principal, bool) {
	sum := sha256.Sum256([]byte(token))
	found := -1
	for i := range t.entries {
		if subtle.ConstantTimeCompare(sum[:], t.entries[i].hash[:]) == 1 {
			found = i
		}
	}
	if found < 0 {
		return Principal{}, false
	}
	return t.entries[found].who, true
}

func roleNames() []string { return []string{"reader", "scheduler", "operator", "admin"} }

// ParseRole reads the name of a role, in lower case.
func ParseRole(s string) (op.Role, error) {
	for i, name := range roleNames() {
		if s == name {
			return op.Role(i), nil
		}
	}
	return 0, fmt.Errorf("%q is not a role: use %s", op.Shortened(s), strings.Join(roleNames(), ", "))
}

func roleName(r op.Role) string { return roleNames()[min(int(r), int(op.Admin))] }
