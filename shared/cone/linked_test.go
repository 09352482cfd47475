package cone_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/openhostfactory/ohfp/shared/cone"
)

func TestLinkedIsWhatAPackageIsMadeOfDownToTheStandardLibrary(t *testing.T) {
	linked := cone.Linked(t, cone.Build{Root: "../..", Packages: "../fault"})
	var own []string
	for _, p := range linked {
		if p.Module != nil && p.Module.Main {
			own = append(own, p.ImportPath)
		}
	}
	if want := []string{"github.com/openhostfactory/ohfp/shared/fault"}; !slices.Equal(own, want) {
		t.Errorf("want of ours %v, got %v", want, own)
	}
	if !slices.ContainsFunc(linked, func(p *cone.Package) bool { return p.ImportPath == "errors" && p.Module == nil }) {
		t.Error("want errors, of no module")
	}
}

func ExampleMatches() {
	fmt.Println(cone.Matches("modernc.org/...", "modernc.org/sqlite/lib"))
	fmt.Println(cone.Matches("modernc.org/sqlite", "modernc.org/sqlite/lib"))
	fmt.Println(cone.Matches("os/exec", "os/exec"))
	// Output:
	// true
	// false
	// true
}
