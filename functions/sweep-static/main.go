// Command sweep-static is the sweep of static pools as a function of its own.
package main

import (
	"github.com/openhostfactory/ohfp/functions/internal/clouds/static"
	"github.com/openhostfactory/ohfp/shared/dispatch"
)

func main() { static.Serve(dispatch.Sweep) }
