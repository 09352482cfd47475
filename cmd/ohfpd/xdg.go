package main

import "path/filepath"

// xdg finds directories by the XDG Base Directory Specification: a variable
// that is not an absolute path counts as unset.
type xdg struct {
	getenv func(string) string
}

func (x xdg) data() (string, error) {
	base := x.base("XDG_DATA_HOME", ".local/share")
	if base == "" {
		return "", usage("there is no home directory to keep data in: give --data-dir")
	}
	return filepath.Join(base, "ohfp"), nil
}

// config is where the configuration file may be; "" without a home.
func (x xdg) config() string {
	base := x.base("XDG_CONFIG_HOME", ".config")
	if base == "" {
		return ""
	}
	return filepath.Join(base, "ohfp", "ohfpd.yaml")
}

func (x xdg) base(variable, below string) string {
	if dir := x.getenv(variable); filepath.IsAbs(dir) {
		return dir
	}
	if home := x.getenv("HOME"); filepath.IsAbs(home) {
		return filepath.Join(home, filepath.FromSlash(below))
	}
	return ""
}
