// Command discover-aws is discoverAws as a function of its own.
package main

import (
	"github.com/openhostfactory/ohfp/functions/internal/clouds/aws"
	"github.com/openhostfactory/ohfp/shared/dispatch"
)

func main() { aws.Serve(dispatch.DiscoverAWS) }
