// Command register-host-provider is registerHostProvider as a function of its own.
package main

import (
	"github.com/openhostfactory/ohfp/functions/internal/writes"
	"github.com/openhostfactory/ohfp/shared/command"
)

func main() { writes.Serve(command.RegisterHostProvider) }
