package wire

// StripComments returns data with each # or // comment outside a string made
// blank up to the end of its line, so that positions in messages stay true. It
// is for what people type; the API takes plain JSON.
func StripComments(data []byte) []byte {
	out := make([]byte, len(data))
	copy(out, data)
	for i := 0; i < len(out); i++ {
		switch {
		case out[i] == '"':
			i = stringEnd(out, i)
		case out[i] == '#', out[i] == '/' && i+1 < len(out) && out[i+1] == '/':
			for ; i < len(out) && out[i] != '\n' && out[i] != '\r'; i++ {
				out[i] = ' '
			}
		}
	}
	return out
}

// stringEnd returns where the string that begins at i ends: at its closing
// quote, or at the end of its line when it has none.
func stringEnd(data []byte, i int) int {
	for i++; i < len(data); i++ {
		switch data[i] {
		case '\\':
			i++
		case '"', '\n':
			return i
		}
	}
	return i
}
