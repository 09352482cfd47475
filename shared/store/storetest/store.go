package storetest

import (
	"io"
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// Store is what is tested: every port, and how it is closed.
type Store interface {
	broker.Store
	io.Closer
}

// Open opens the store that is kept in dir, and makes it when it is not
// there. now is its clock. The suite closes what it opens, and opens a closed
// store again to see what it kept.
type Open func(t testing.TB, dir string, now func() time.Time) Store

// Run runs the whole suite against the stores that open gives. Its groups run
// beside each other, so that open is called by several goroutines.
func Run(t *testing.T, open Open) {
	t.Helper()
	groups := []struct {
		name string
		run  func(*testing.T, Open)
	}{
		{"meta", testMeta},
		{"providers", testProviders},
		{"configuration", testConfig},
		{"health", testHealth},
		{"capabilities", testCapabilities},
		{"sweeps", testSweeps},
		{"live rows", testLive},
		{"blocks", testBlocks},
		{"templates", testTemplates},
		{"tickets", testTickets},
		{"keys", testKeys},
		{"claiming operations", testClaim},
		{"fences", testFences},
		{"steps", testSteps},
		{"outcomes", testOutcomes},
		{"lists of operations", testOperations},
		{"machines", testMachines},
		{"lists of machines", testMachineLists},
		{"uses", testUses},
		{"requests of schedulers", testRequests},
		{"leases", testLeases},
		{"metrics", testMetrics},
		{"expiry", testExpiry},
		{"events", testEvents},
		{"audit trail", testAudit},
		{"copies", testCopies},
		{"races", testRaces},
		{"random sequences", testRandom},
	}
	for _, g := range groups {
		t.Run(g.name, func(t *testing.T) {
			t.Parallel()
			g.run(t, open)
		})
	}
}
