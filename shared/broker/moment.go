package broker

import (
	"time"

	"github.com/openhostfactory/ohfp/shared/fault"
)

// Moment reads what a request says in a field: a time, or how long before now.
// invalid_request.
func Moment(field, text string, now time.Time) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return time.Time{}, fault.Invalid(field, "want a time as 2026-01-31T12:00:00Z, or how long ago as 90m")
	}
	return now.Add(-d), nil
}
