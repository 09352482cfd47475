// Command list-audit-events is listAuditEvents as a function of its own.
package main

import (
	"github.com/openhostfactory/ohfp/functions/internal/reads"
	"github.com/openhostfactory/ohfp/shared/query"
)

func main() { reads.Serve(query.ListAuditEvents) }
