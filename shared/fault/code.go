package fault

// Code is what the API answers, for machines. It is stable; the text beside
// it is for people and is not.
type Code string

// The codes of the API.
const (
	InvalidRequest       Code = "invalid_request"
	NotSupported         Code = "not_supported"
	Unauthenticated      Code = "unauthenticated"
	Forbidden            Code = "forbidden"
	NotFound             Code = "not_found"
	Conflict             Code = "conflict"
	OperationInProgress  Code = "operation_in_progress"
	Frozen               Code = "frozen"
	TooLarge             Code = "too_large"
	IdempotencyKeyReused Code = "idempotency_key_reused"
	InvalidTemplate      Code = "invalid_template"
	Internal             Code = "internal"
	ProviderFailed       Code = "provider_failed"
	NoProviderAvailable  Code = "no_provider_available"
	StoreUnavailable     Code = "store_unavailable"
	OutcomeUnknown       Code = "outcome_unknown"
)

type codeRow struct {
	status int
	title  string
	exit   int
}

// Exit statuses of the command line.
const (
	ExitDone        = 0
	ExitFailed      = 1 // the operation failed or is partial
	ExitUsage       = 2 // usage, or a request refused as malformed
	ExitUnreachable = 3 // no answer from the endpoint
)

var codes = map[Code]codeRow{
	InvalidRequest:       {400, "The request is not valid", ExitUsage},
	NotSupported:         {400, "Not supported yet", ExitUsage},
	Unauthenticated:      {401, "No valid credentials", ExitFailed},
	Forbidden:            {403, "Not allowed", ExitFailed},
	NotFound:             {404, "Not found", ExitFailed},
	Conflict:             {409, "In conflict with the current state", ExitFailed},
	OperationInProgress:  {409, "Still in progress", ExitFailed},
	Frozen:               {409, "The broker is frozen", ExitFailed},
	TooLarge:             {413, "The request is too large", ExitFailed},
	IdempotencyKeyReused: {422, "The idempotency key was used for another request", ExitFailed},
	InvalidTemplate:      {422, "The template is not valid", ExitFailed},
	Internal:             {500, "Internal error", ExitFailed},
	ProviderFailed:       {502, "The providers failed", ExitFailed},
	NoProviderAvailable:  {503, "No provider available", ExitFailed},
	StoreUnavailable:     {503, "The store is unavailable", ExitFailed},
	OutcomeUnknown:       {504, "The outcome is not known yet", ExitFailed},
}

func (c Code) row() codeRow {
	if r, ok := codes[c]; ok {
		return r
	}
	return codes[Internal]
}

// Status is the HTTP status of c; an unknown code is 500.
func (c Code) Status() int { return c.row().status }

// Title is the short text of c for people, the same at every occurrence.
func (c Code) Title() string { return c.row().title }

// Exit is the command line's exit status for c.
func (c Code) Exit() int { return c.row().exit }

// Codes returns every code, for tables in tests and documents.
func Codes() []Code {
	return []Code{
		InvalidRequest, NotSupported, Unauthenticated, Forbidden, NotFound, Conflict, OperationInProgress, Frozen,
		TooLarge, IdempotencyKeyReused, InvalidTemplate, Internal, ProviderFailed, NoProviderAvailable,
		StoreUnavailable, OutcomeUnknown,
	}
}
