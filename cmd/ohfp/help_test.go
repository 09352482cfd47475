package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestHelp_equals_the_reviewed_text(t *testing.T) {
	for name, args := range map[string][]string{
		"help_root": {"--help"}, "help_operation": {"feedAnimal", "--help"}, "help_provider_role": {"aws", "provider-role", "--help"},
	} {
		r := shell{}.run(t, args...)
		if r.exit != 0 || r.stderr != "" {
			t.Fatalf("%+v", r)
		}
		file := filepath.Join("testdata", name+".txt")
		if os.Getenv("UPDATE_GOLDEN") != "" {
			write(t, file, r.stdout)
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), r.stdout); diff != "" {
			t.Errorf("review the change, then run with UPDATE_GOLDEN=1:\n%s", diff)
		}
	}
}

func TestHelp_is_the_same_however_it_is_asked_for(t *testing.T) {
	want := shell{}.run(t, "feedAnimal", "--help").stdout
	for _, args := range [][]string{{"help", "feedAnimal"}, {"feed-animal", "-h"}, {"--format", "json", "feedAnimal", "--help"}, {"feedAnimal", "--animal", "x", "--help"}} {
		if diff := cmp.Diff(want, shell{}.run(t, args...).stdout); diff != "" {
			t.Errorf("%v: %s", args, diff)
		}
	}
	root := shell{}.run(t, "--help").stdout
	for _, args := range [][]string{{}, {"help"}, {"-h"}} {
		if diff := cmp.Diff(root, shell{}.run(t, args...).stdout); diff != "" {
			t.Errorf("%v: %s", args, diff)
		}
	}
	if r := (shell{}).run(t, "help", "feedAnimel"); r.exit != 2 || !strings.Contains(r.stderr, "did you mean feedAnimal?") {
		t.Errorf("got %+v", r)
	}
}

func TestCompletion_offers_operations_flags_and_words(t *testing.T) {
	for want, args := range map[string][]string{
		"feedAnimal\tFeed an animal\n":    {"__complete", "feed"},
		"--grams\tHow much.\n":            {"__complete", "feedAnimal", "--gr"},
		"CALM\nWILD\n:4\n":                {"__complete", "feedAnimal", "--mood", ""},
		"table\njson\nyaml\n:4\n":         {"__complete", "feedAnimal", "--format", ""},
		"# bash completion V2 for ohfp":   {"completion", "bash"},
		"#compdef ohfp":                   {"completion", "zsh"},
		"# fish completion for ohfp":      {"completion", "fish"},
		"# powershell completion for ohf": {"completion", "powershell"},
	} {
		if r := (shell{}).run(t, args...); r.exit != 0 || !strings.Contains(r.stdout, want) {
			t.Errorf("%v: %d %q %s", args, r.exit, r.stdout[:min(300, len(r.stdout))], r.stderr)
		}
	}
}

func TestVersion_is_a_document_or_a_line(t *testing.T) {
	if r := (shell{}).run(t, "version"); r.exit != 0 || !strings.HasPrefix(r.stdout, "{\n  \"version\": \"development\",\n  \"go\": \"go1.") {
		t.Errorf("got %+v", r)
	}
	if r := (shell{tty: true}).run(t, "version"); !strings.HasPrefix(r.stdout, "ohfp development (go1.") {
		t.Errorf("got %+v", r)
	}
	if r := (shell{}).run(t, "--version"); !strings.HasPrefix(r.stdout, "ohfp version development") {
		t.Errorf("got %+v", r)
	}
}
