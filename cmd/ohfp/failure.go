package main

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/op"
)

// Codes that only the client knows, beside those of the API.
const (
	codeUsage       = "usage"             // the command line makes no sense
	codeUnreachable = "unreachable"       // no answer from the endpoint
	codeUnexpected  = "unexpected_answer" // an answer, but not a broker's
)

// failure ends the program: a document for stdout, a line for stderr, and the
// exit status.
type failure struct {
	exit     int
	document []byte // nil: none, or written already
	line     string
}

// Error is the line.
func (f *failure) Error() string { return f.line }

// clientProblem is a problem document that the client makes itself.
type clientProblem struct {
	Type        string  `json:"type"`
	Title       string  `json:"title"`
	Status      int     `json:"status,omitempty"` // of an answer
	Detail      string  `json:"detail"`
	Instance    string  `json:"instance,omitempty"`
	Code        string  `json:"code"`
	Errors      []place `json:"errors,omitempty"`
	OperationID string  `json:"operation_id,omitempty"`
	Objects     []*step `json:"objects,omitempty"` // of a site: what was done and what was not
}

// place is something wrong with a field, and where it stands in a file.
type place struct {
	Field   string `json:"field"`
	Message string `json:"message"`
	File    string `json:"file,omitempty"`
	Line    int    `json:"line,omitempty"`
}

// String says where people look first.
func (p place) String() string {
	where := p.File
	if p.Line > 0 {
		where += ":" + strconv.Itoa(p.Line)
	}
	if p.Field != "" && where != "" {
		where += ": "
	}
	return where + p.Field + ": " + p.Message
}

func (p clientProblem) failure(exit int) *failure {
	p.Type = op.ProblemURI + p.Code
	document, err := json.Marshal(p)
	if err != nil { // strings and numbers always encode
		document = nil
	}
	return &failure{exit: exit, document: document, line: p.Code + ": " + p.Detail}
}

// usage is a command line that makes no sense.
func usage(format string, args ...any) *failure {
	return clientProblem{Title: "Wrong usage", Detail: fmt.Sprintf(format, args...), Code: codeUsage}.failure(fault.ExitUsage)
}

// malformed is a request that is not one JSON document, or has a key twice.
func malformed(from string, err error) *failure {
	e := fault.As(err)
	p := clientProblem{Title: "Wrong usage", Detail: from + ": " + e.Detail, Code: codeUsage}
	for _, f := range e.Fields {
		p.Errors = append(p.Errors, place{Field: f.Field, Message: f.Message})
	}
	return p.failure(fault.ExitUsage)
}

// notSupported is an option that the contract names and that is not built.
func notSupported(format string, args ...any) *failure {
	return clientProblem{
		Title: fault.NotSupported.Title(), Status: fault.NotSupported.Status(), Detail: fmt.Sprintf(format, args...),
		Code: string(fault.NotSupported),
	}.failure(fault.ExitUsage)
}
