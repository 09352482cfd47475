// Command get-request-status is getRequestStatus as a function of its own.
package main

import (
	"github.com/openhostfactory/ohfp/functions/internal/reads"
	"github.com/openhostfactory/ohfp/shared/query"
)

func main() { reads.Serve(query.GetRequestStatus) }
