package localhost_test

import (
	"fmt"

	"github.com/openhostfactory/ohfp/shared/host/localhost"
)

// A token file names a principal, its role, and the hash of its token.
func ExampleParseTokens() {
	tokens, err := localhost.ParseTokens([]byte("# printf %s \"$TOKEN\" | sha256sum\nslurm scheduler " + helloHash))
	if err != nil {
		fmt.Println(err)
		return
	}
	who, ok := tokens.Who("hello")
	fmt.Println(who.Name, ok)
	// Output: slurm true
}
