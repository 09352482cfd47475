package sigv4

// ReadProfile reads the shared files and runs nothing that they name.
func ReadProfile(env func(string) string, name string) (map[string]string, error) {
	return readProfile(env, name)
}
