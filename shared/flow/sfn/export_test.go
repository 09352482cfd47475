package sfn

// Recorded is recorded, for its fuzz test.
func Recorded(output string) error { return recorded(output) }
