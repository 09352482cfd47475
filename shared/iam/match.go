package iam

import "strings"

// match reports whether a pattern fits the whole of a text: * is any number of
// characters, ? is one.
//
// Where a character does not fit, the last * takes one character more: no
// pattern takes longer than the product of both lengths.
func match(pattern, text string) bool {
	p, t := []rune(pattern), []rune(text)
	i, j, star, mark := 0, 0, -1, 0
	for j < len(t) {
		switch {
		case i < len(p) && p[i] == '*':
			star, mark = i, j
			i++
		case i < len(p) && (p[i] == '?' || p[i] == t[j]):
			i++
			j++
		case star >= 0:
			mark++
			i, j = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(string(p[i:]), "*") == ""
}

// matchAction compares services and actions, whose letters have no case.
func matchAction(pattern, action string) bool {
	return match(strings.ToLower(pattern), strings.ToLower(action))
}

// fields is how many parts an ARN has: arn, partition, service, region, account
// and the resource, in which further colons may be.
const fields = 6

// matchARN compares field by field. A * of IAM may reach beyond its field; here
// it does not, which allows less.
func matchARN(pattern, arn string) bool {
	if pattern == "*" {
		return true
	}
	p, a := strings.SplitN(pattern, ":", fields), strings.SplitN(arn, ":", fields)
	if len(p) != fields || len(a) != fields {
		return false
	}
	for i := range p {
		if !match(p[i], a[i]) {
			return false
		}
	}
	return true
}
