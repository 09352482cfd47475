// Package settings reads the environment of a function, once and in one place.
// It is a pure function of what getenv answers:
//
//	OHFP_TABLE                  the broker's DynamoDB table; every function
//	OHFP_FUNCTIONS              the functions of this installation, as JSON; reads and writes
//	OHFP_EXECUTE_STANDARD_ARN   execute_with_failover as a Standard state machine; writes
//	OHFP_EXECUTE_EXPRESS_ARN    the same as an Express one; writes
//	OHFP_HEALTH_CHECK_ARN       health_check; writes
//	OHFP_SNAPSHOT_SECONDS       how long the registry is kept, 0 to 2, default 2; optional, writes
//	OHFP_RETENTION              how long what has ended is kept, as JSON; optional, every function the same
//	OHFP_STATIC                 what static pools may use, as JSON; optional, clouds/static
//	OHFP_AWS                    where endpoints of compatible clouds may lead, as JSON; optional, clouds/aws
//
// OHFP_FUNCTIONS is
//
//	{"attempt": {"static": "attempt-static"}, "probe": {"static": "probe-static"}, "sweep": {"static": "sweep-static"},
//	 "settle": "settle", "due": "due"}
//
// and OHFP_STATIC is
//
//	{"host_files": {"NAME": "PATH"}, "commands": {"NAME": {"argv": ["PROGRAM", "ARGUMENT"]}},
//	 "command_timeout_seconds": 30, "address_allow": ["10.0.0.0/8"]}
//
// of which OHFP_AWS has address_allow alone, and OHFP_RETENTION is
//
//	{"operations_days": 35, "machines_days": 40, "audit_days": 400}
//
// They are read strictly. What is missing or malformed is a [fault.Error] that
// names the variable and the remedy: store_unavailable where the table is not
// named, internal for all else, for no caller can mend it.
//
// It imports fault, wire and providers/config.
package settings
