// Command attempt-aws is the attempt of AWS as a function of its own.
package main

import (
	"github.com/openhostfactory/ohfp/functions/internal/clouds/aws"
	"github.com/openhostfactory/ohfp/shared/dispatch"
)

func main() { aws.Serve(dispatch.Attempt) }
