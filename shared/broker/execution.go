package broker

import (
	"encoding/json"
	"time"
)

// Execution is one run of the workflow of an operation.
type Execution struct {
	// Name is the operation's id, or <id>-r<n> when the run replaces a lost
	// one. No two runs have the same name.
	Name        string
	OperationID string
	ReadOnly    bool            // nothing changes by it: doing it twice does no harm
	Awaited     bool            // who starts it waits for its end
	Deadline    time.Time       // of the operation; the run settles for a while longer
	Input       json.RawMessage // ids, names and deadlines; never what the operation carries
}

// ExecutionGrace is how much longer than its operation a run may live: long
// enough to settle, short enough that a stuck one is replaced.
const ExecutionGrace = 5 * time.Minute
