package main

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

func manual(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestTheManualHasEveryKeyAndFlag(t *testing.T) {
	text := manual(t)
	for _, key := range keys() {
		if !strings.Contains(text, "`"+key+"`") {
			t.Errorf("docs/configuration.md lacks the key %s", key)
		}
	}
	for key := range planned() {
		if key != "timeout_seconds" && !strings.Contains(text, "`"+key+"`") {
			t.Errorf("docs/configuration.md lacks the refused key %s", key)
		}
	}
	rootCommand(world{}).Flags().VisitAll(func(f *pflag.Flag) {
		asKey := "`" + strings.ReplaceAll(f.Name, "-", "_") + "`"
		if !strings.Contains(text, "`--"+f.Name+"`") && !strings.Contains(text, asKey) {
			t.Errorf("docs/configuration.md lacks the flag --%s", f.Name)
		}
	})
}

func TestTheManualNamesNoKeyThatThereIsNot(t *testing.T) {
	known := strings.Join(keys(), " ") + " "
	rows := regexp.MustCompile("(?m)^\\| (`[a-z_]+`(?:, `[a-z_]+`)*) \\|.*$").FindAllStringSubmatch(section(t, "## The configuration file"), -1)
	if len(rows) < 10 {
		t.Fatalf("only %d rows of keys were found", len(rows))
	}
	for _, row := range rows {
		for _, key := range strings.Split(strings.ReplaceAll(row[1], "`", ""), ", ") {
			if !strings.Contains(known, key+" ") {
				t.Errorf("docs/configuration.md has the key %s, which is refused", key)
			}
		}
	}
}

func TestTheManualsExampleIsGood(t *testing.T) {
	_, example, _ := strings.Cut(section(t, "## The configuration file"), "```yaml\n")
	example, _, found := strings.Cut(example, "```")
	if !found {
		t.Fatal("there is no example")
	}
	dir := write(t, map[string]string{"rack-1.yaml": "[]", "prepare.sh": "#!/bin/sh\n"})
	if _, err := decodeConfig([]byte(example), dir); err != nil {
		t.Error(err)
	}
}

// section is the part of the manual below a heading.
func section(t *testing.T, heading string) string {
	t.Helper()
	_, part, found := strings.Cut(manual(t), heading+"\n")
	if !found {
		t.Fatalf("no heading %q", heading)
	}
	part, _, _ = strings.Cut(part, "\n## ")
	return part
}
