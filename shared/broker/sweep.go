package broker

import "time"

// SweepMode is what the sweeper may do.
type SweepMode string

// The modes.
const (
	SweepReport SweepMode = "report" // say what it would do
	SweepAct    SweepMode = "act"    // do it
)

// SweeperConfig configures the search for machines that nobody has recorded.
type SweeperConfig struct {
	Mode     SweepMode     `json:"mode"`
	Interval time.Duration `json:"interval"` // between two searches at a provider
}

// SweeperConfigView is a sweeper's configuration as the API shows it.
type SweeperConfigView struct {
	Mode     SweepMode `json:"mode"`
	Interval int64     `json:"interval"` // seconds
}

// What a search does.
const (
	SweepReports = "report"
	SweepActs    = "act"
	SweepAdopts  = "adopt" // while the broker recovers
)

// SweepsAs is what a search does under c.
func (c *StrategyConfig) SweepsAs() string {
	switch {
	case c.Mode == ModeRecover:
		return SweepAdopts
	case c.Mode == ModeOpen && c.Sweeper.Mode == SweepAct:
		return SweepActs
	default:
		return SweepReports
	}
}

// StrayFate is what becomes of a machine that the sweeper found.
type StrayFate string

// The fates. What is left or adopted exists; what is lost does not.
const (
	StrayLeft      StrayFate = "LEFT"      // it is none of the sweeper's business yet
	StrayTerminate StrayFate = "TERMINATE" // nobody waits for it
	StrayAdopt     StrayFate = "ADOPT"     // it is recorded: somebody waits for it, or the broker is recovering
	StrayLost      StrayFate = "LOST"      // it is recorded and gone
)

// Stray is a machine of which the provider and the records say different
// things.
type Stray struct {
	MachineID   string    `json:"machine_id" doc:"The machine."`
	Name        string    `json:"name,omitempty" doc:"Its name."`
	OperationID string    `json:"operation_id,omitempty" doc:"The operation that made it, by its tags."`
	LaunchTime  Time      `json:"launch_time" doc:"When it was launched."`
	Fate        StrayFate `json:"fate" doc:"LEFT, TERMINATE, ADOPT or LOST."`
	Done        bool      `json:"done" doc:"Whether that has been done; false: it would be, or will be at a later search."`
	Reason      string    `json:"reason" doc:"Why."`
}

// Sweep is what one search at a provider found and did.
type Sweep struct {
	At         time.Time `json:"at"`     // when it began; zero: none was made
	Mode       string    `json:"mode"`   // report, act; adopt while the broker recovers
	Listed     int       `json:"listed"` // machines there with this broker's tag
	Recorded   int       `json:"recorded"`
	Terminated int       `json:"terminated"`
	Adopted    int       `json:"adopted"`
	Lost       int       `json:"lost"`
	Beyond     int       `json:"beyond"` // above what one search may change
	Found      []Stray   `json:"found,omitempty"`
	Error      string    `json:"error,omitempty"` // why it could not be finished
}
