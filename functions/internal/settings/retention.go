package settings

import "time"

// Retention is how long what has ended is kept; 0: as the store says.
type Retention struct {
	Operations, Machines, Audit time.Duration
}

// retentionJSON is OHFP_RETENTION as it is written, with the bounds of ohfpd's
// configuration file.
type retentionJSON struct {
	OperationsDays int `json:"operations_days" default:"35" min:"1" max:"3650"`
	MachinesDays   int `json:"machines_days" default:"40" min:"36" max:"3650"`
	AuditDays      int `json:"audit_days" default:"400" min:"1" max:"3650"`
}

func (env Env) retention() (Retention, error) {
	text := env(retained)
	if text == "" {
		return Retention{}, nil
	}
	given := retentionJSON{}
	if err := decode(retained, text, &given); err != nil {
		return Retention{}, err
	}
	const day = 24 * time.Hour
	return Retention{
		Operations: time.Duration(given.OperationsDays) * day, Machines: time.Duration(given.MachinesDays) * day,
		Audit: time.Duration(given.AuditDays) * day,
	}, nil
}
