package meter

import "encoding/base64"

// item is an item, or a key, by attribute.
type item map[string]value

// value is an attribute's value: one of these.
type value struct {
	S    *string
	N    *string
	B    *string // base64
	BOOL *bool
	NULL *bool
	M    item
	L    []value
	SS   []string
	NS   []string
	BS   []string // base64
}

// text is the value of a key that is a string, as all of ours are.
func (v value) text() string {
	if v.S == nil {
		return "?"
	}
	return *v.S
}

// size is how large an item is for billing, in bytes (DynamoDB Developer
// Guide, "DynamoDB item sizes and formats"); 0 for none.
func (i item) size() int {
	n := 0
	for name, v := range i {
		n += len(name) + v.size()
	}
	return n
}

// collection is what a list or a map costs beside what is in it; each element
// costs one byte more.
const collection = 3

func (v value) size() int {
	switch {
	case v.S != nil:
		return len(*v.S)
	case v.N != nil:
		return digits(*v.N)
	case v.B != nil:
		return raw(*v.B)
	case v.BOOL != nil || v.NULL != nil:
		return 1
	case v.M != nil:
		return collection + len(v.M) + v.M.size()
	case v.L != nil:
		n := collection + len(v.L)
		for _, one := range v.L {
			n += one.size()
		}
		return n
	}
	return sum(v.SS, func(s string) int { return len(s) }) + sum(v.NS, digits) + sum(v.BS, raw)
}

// digits is the size of a number, about: a byte for two digits, and one more.
func digits(n string) int { return (len(n)+1)/2 + 1 }

func raw(b string) int { return base64.StdEncoding.DecodedLen(len(b)) }

func sum(all []string, size func(string) int) int {
	n := 0
	for _, one := range all {
		n += size(one)
	}
	return n
}
