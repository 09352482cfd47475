package walk_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/openhostfactory/ohfp/statemachines/walk"
)

// complete has one of everything that a definition may say.
const complete = `{
  "Comment": "one of everything", "StartAt": "T",
  "States": {
    "T": {
      "Type": "Task", "Comment": "c", "Resource": "arn:aws:states:::lambda:invoke",
      "Parameters": {"FunctionName.$": "$.f", "Payload": {"a.$": "$.a", "b": {"c": 1, "d.$": "$"}}},
      "TimeoutSeconds": 5, "ResultSelector": {"r.$": "$.Payload.r"}, "ResultPath": "$.t",
      "Retry": [{"ErrorEquals": ["A.B"], "IntervalSeconds": 1, "MaxAttempts": 2, "BackoffRate": 1.5}],
      "Catch": [{"ErrorEquals": ["States.Timeout"], "ResultPath": "$.e", "Next": "F"}, {"ErrorEquals": ["States.ALL"], "Next": "F"}],
      "Next": "C"
    },
    "C": {"Type": "Choice", "Choices": [{"Variable": "$.a", "StringEquals": "x", "Next": "W"}, {"Variable": "$.b", "BooleanEquals": false, "Next": "M"}], "Default": "S"},
    "W": {"Type": "Wait", "SecondsPath": "$.s", "Next": "T"},
    "M": {
      "Type": "Map", "ItemsPath": "$.l", "MaxConcurrency": 3, "ResultPath": null, "Next": "S",
      "ItemProcessor": {"ProcessorConfig": {"Mode": "INLINE"}, "StartAt": "P", "States": {"P": {"Type": "Pass", "Result": [1], "End": true}}}
    },
    "S": {"Type": "Succeed", "OutputPath": "$.t"},
    "F": {"Type": "Fail", "Error": "A.B", "Cause": "why"}
  }
}`

func TestADefinitionWithOneOfEverythingLoads(t *testing.T) { load(t, complete) }

// Each case breaks one thing of the complete definition, and is told so.
func TestWhatIsOutsideTheSubsetIsRefusedByFileStateAndField(t *testing.T) {
	for name, c := range map[string]struct{ old, with, want string }{
		"nothing but a comment":        {`"one of everything"`, `"another"`, ""}, // the control: it loads
		"JSON that ends early":         {`"why"}`, `"why"`, "reading JSON: unexpected end of JSON input|reading JSON: EOF|reading JSON: unexpected EOF"},
		"a member twice":               {`"StartAt": "T"`, `"StartAt": "T", "StartAt": "T"`, ": reading JSON: .StartAt is given twice"},
		"a state twice":                {`"W": {"Type"`, `"C": {"Type": "Succeed", "OutputPath": "$"}, "W": {"Type"`, "reading JSON: .States.C is given twice"},
		"something after it":           {`"why"}` + "\n  }\n}", `"why"}}} {}`, "reading JSON: there is something after the JSON value"},
		"nesting without end":          {`[1]`, strings.Repeat("[", 100) + strings.Repeat("]", 100), "is nested too deep"},
		"an unknown member at the top": {`"StartAt": "T"`, `"StartAt": "T", "Version": "1.0"`, ": field Version: is not in the subset"},
		"a time-out at the top":        {`"StartAt": "T"`, `"StartAt": "T", "TimeoutSeconds": 5`, ": field TimeoutSeconds: is not in the subset"},
		"a member in another case":     {`"StartAt": "T"`, `"startAt": "T"`, ": field StartAt: is missing"},
		"a query language":             {`"StartAt": "T"`, `"StartAt": "T", "QueryLanguage": "JSONata"`, ": field QueryLanguage: is not in the subset"},
		"no start":                     {`"StartAt": "T",`, ``, ": field StartAt: is missing"},
		"a start that is missing":      {`"StartAt": "T"`, `"StartAt": "X"`, `leads to "X", which is no state here`},
		"a start inside a Map":         {`"StartAt": "T"`, `"StartAt": "P"`, `leads to "P", which is no state here`},
		"a comment that is no text":    {`"Comment": "c"`, `"Comment": 1`, "state T: field Comment: is not a string"},
		"a state that is no object":    {`"S": {"Type": "Succeed", "OutputPath": "$.t"}`, `"S": 1`, "field States.S: is not an object"},
		"an unknown type":              {`"Type": "Wait"`, `"Type": "Parallel"`, `state W: field Type: "Parallel" is not one of`},
		"no type":                      {`"Type": "Wait", `, ``, "state W: field Type: is missing"},

		"another resource":             {`lambda:invoke`, `lambda:invoke.waitForTaskToken`, "state T: field Resource: "},
		"a function by a fixed name":   {`"FunctionName.$": "$.f"`, `"FunctionName": "f"`, "state T: field Parameters.FunctionName.$: is missing"},
		"a qualifier":                  {`"FunctionName.$": "$.f"`, `"FunctionName.$": "$.f", "Qualifier": "1"`, "state T: field Parameters.Qualifier: is not in the subset"},
		"no payload":                   {`, "Payload": {"a.$": "$.a", "b": {"c": 1, "d.$": "$"}}`, ``, "state T: field Parameters.Payload: exactly one of"},
		"a payload twice":              {`"Payload": {`, `"Payload.$": "$", "Payload": {`, "state T: field Parameters.Payload: exactly one of"},
		"a payload that is no object":  {`{"a.$": "$.a", "b": {"c": 1, "d.$": "$"}}`, `1`, "state T: field Parameters.Payload: is not an object"},
		"a list in a payload":          {`"c": 1`, `"c": [1]`, "state T: field Parameters.Payload.b.c: lists are not in the subset"},
		"a reference and a value":      {`"a.$": "$.a"`, `"a.$": "$.a", "a": 1`, "state T: field Parameters.Payload.a.$: is not in the subset, or is given twice"},
		"an intrinsic function":        {`"$.a"`, `"States.UUID()"`, `state T: field Parameters.Payload.a.$: "States.UUID()" is not $`},
		"the context object":           {`"a.$": "$.a"`, `"a.$": "$$.Execution.Id"`, `"$$.Execution.Id" is not $`},
		"an index":                     {`"a.$": "$.a"`, `"a.$": "$.a[0]"`, `"$.a[0]" is not $`},
		"a descent":                    {`"a.$": "$.a"`, `"a.$": "$..a"`, `"$..a" is not $`},
		"a wildcard":                   {`"a.$": "$.a"`, `"a.$": "$.*"`, `"$.*" is not $`},
		"a reference that is no text":  {`"a.$": "$.a"`, `"a.$": 1`, "state T: field Parameters.Payload.a.$: is not a string"},
		"no time-out":                  {`"TimeoutSeconds": 5, `, ``, "state T: field TimeoutSeconds: exactly one of"},
		"two time-outs":                {`"TimeoutSeconds": 5`, `"TimeoutSeconds": 5, "TimeoutSecondsPath": "$.x"`, "state T: field TimeoutSeconds: exactly one of"},
		"a time-out of nothing":        {`"TimeoutSeconds": 5`, `"TimeoutSeconds": 0`, "state T: field TimeoutSeconds: is not a whole number from 1"},
		"a time-out in parts":          {`"TimeoutSeconds": 5`, `"TimeoutSeconds": 1.5`, "state T: field TimeoutSeconds: is not a whole number from 1"},
		"a heartbeat":                  {`"TimeoutSeconds": 5`, `"TimeoutSeconds": 5, "HeartbeatSeconds": 1`, "state T: field HeartbeatSeconds: is not in the subset"},
		"no selector":                  {`"ResultSelector": {"r.$": "$.Payload.r"}, `, ``, "state T: field ResultSelector: is missing"},
		"a selector of other members":  {`"$.Payload.r"`, `"$.StatusCode"`, "state T: field ResultSelector.r.$: $.StatusCode is not at or below $.Payload"},
		"a result path that is a list": {`"ResultPath": "$.t"`, `"ResultPath": []`, "state T: field ResultPath: is not a string"},
		"an input path":                {`"ResultPath": "$.t"`, `"InputPath": "$.t"`, "state T: field InputPath: is not in the subset"},
		"both Next and End":            {`"Next": "C"`, `"Next": "C", "End": true`, "state T: field Next: exactly one of"},
		"neither Next nor End": {`,
      "Next": "C"`, ``, "state T: field Next: exactly one of"},
		"an End that is false": {`"Result": [1], "End": true`, `"Result": [1], "End": false`, "state P: field End: is not true"},

		"a retry that is no list":       {`"Retry": [{"ErrorEquals": ["A.B"], "IntervalSeconds": 1, "MaxAttempts": 2, "BackoffRate": 1.5}]`, `"Retry": {}`, "state T: field Retry: is not a list"},
		"a retrier that is no object":   {`"Retry": [{`, `"Retry": [1, {`, "state T: field Retry[0]: is not an object"},
		"a jitter":                      {`"MaxAttempts": 2`, `"MaxAttempts": 2, "JitterStrategy": "FULL"`, "state T: field Retry[0].JitterStrategy: is not in the subset"},
		"retries without a number":      {`"MaxAttempts": 2, `, ``, "state T: field Retry[0].MaxAttempts: is missing"},
		"a rate below one":              {`"BackoffRate": 1.5`, `"BackoffRate": 0.5`, "state T: field Retry[0].BackoffRate: is not from 1 to 10"},
		"a rate in words":               {`"BackoffRate": 1.5`, `"BackoffRate": "fast"`, "state T: field Retry[0].BackoffRate: is not a number"},
		"no error names":                {`["A.B"]`, `[]`, "state T: field Retry[0].ErrorEquals: is empty"},
		"an error name with a blank":    {`["A.B"]`, `["A B"]`, `state T: field Retry[0].ErrorEquals: "A B" is not the name`},
		"an error name that is none":    {`["A.B"]`, `[7]`, `state T: field Retry[0].ErrorEquals: "7" is not the name`},
		"another name of the language":  {`["A.B"]`, `["States.Runtime"]`, `state T: field Retry[0].ErrorEquals: "States.Runtime" is not the name`},
		"States.ALL beside another":     {`["A.B"]`, `["A.B", "States.ALL"]`, "state T: field Retry[0].ErrorEquals: States.ALL does not stand alone"},
		"States.ALL before the last":    {`["States.Timeout"]`, `["States.ALL"]`, "state T: field Catch[0].ErrorEquals: States.ALL is not in the last element"},
		"a catcher that leads nowhere":  {`"ResultPath": "$.e", "Next": "F"`, `"ResultPath": "$.e", "Next": "X"`, `state T: leads to "X", which is no state here`},
		"a catcher that leads into Map": {`"ResultPath": "$.e", "Next": "F"`, `"ResultPath": "$.e", "Next": "P"`, `state T: leads to "P", which is no state here`},
		"a catcher without Next":        {`"ResultPath": "$.e", "Next": "F"`, `"ResultPath": "$.e"`, "state T: field Catch[0].Next: is missing"},

		"no rules":                       {`[{"Variable": "$.a", "StringEquals": "x", "Next": "W"}, {"Variable": "$.b", "BooleanEquals": false, "Next": "M"}]`, `[]`, "state C: field Choices: at least one rule"},
		"another comparison":             {`"StringEquals": "x"`, `"StringMatches": "x*"`, "state C: field Choices[0].StringMatches: is not in the subset"},
		"two comparisons":                {`"StringEquals": "x"`, `"StringEquals": "x", "BooleanEquals": true`, "state C: field Choices[0].StringEquals: exactly one of"},
		"a boolean in words":             {`"BooleanEquals": false`, `"BooleanEquals": "false"`, "state C: field Choices[1].BooleanEquals: is not a boolean"},
		"an And":                         {`"StringEquals": "x"`, `"And": [], "StringEquals": "x"`, "state C: field Choices[0].And: is not in the subset"},
		"no default":                     {`, "Default": "S"`, ``, "state C: field Default: is missing"},
		"a default that is missing":      {`"Default": "S"`, `"Default": "X"`, `state C: leads to "X", which is no state here`},
		"a Next beside rules":            {`"Default": "S"`, `"Default": "S", "Next": "S"`, "state C: field Next: is not in the subset"},
		"a wait of fixed seconds":        {`"SecondsPath": "$.s"`, `"Seconds": 5`, "state W: field Seconds: is not in the subset"},
		"a wait for a path of no form":   {`"SecondsPath": "$.s"`, `"SecondsPath": "s"`, `state W: field SecondsPath: "s" is not $`},
		"a Map without a bound":          {`"MaxConcurrency": 3, `, ``, "state M: field MaxConcurrency: is missing"},
		"a Map with no bound":            {`"MaxConcurrency": 3`, `"MaxConcurrency": 0`, "state M: field MaxConcurrency: is not a whole number from 1"},
		"a distributed Map":              {`"INLINE"`, `"DISTRIBUTED"`, `state M: field ItemProcessor.ProcessorConfig.Mode: "DISTRIBUTED" is not INLINE`},
		"a Map of the old kind":          {`"ItemProcessor"`, `"Iterator"`, "state M: field Iterator: is not in the subset"},
		"a Map that is caught":           {`"MaxConcurrency": 3`, `"MaxConcurrency": 3, "Catch": []`, "state M: field Catch: is not in the subset"},
		"a Map in a Map":                 {`{"Type": "Pass", "Result": [1], "End": true}`, `{"Type": "Map", "ItemsPath": "$", "MaxConcurrency": 1, "End": true, "ItemProcessor": {}}`, "state P: field Type: a Map inside the Map M"},
		"a way out of a Map":             {`"Result": [1], "End": true`, `"Result": [1], "Next": "S"`, `state P: leads to "S", which is no state here`},
		"a name inside and outside":      {`"StartAt": "P", "States": {"P"`, `"StartAt": "S", "States": {"S"`, "state S: the name is given to two states"},
		"a pass of everything":           {`"Result": [1], `, ``, "state P: field Result: is missing"},
		"a success with a Next":          {`"OutputPath": "$.t"`, `"OutputPath": "$.t", "Next": "C"`, "state S: field Next: is not in the subset"},
		"an output path of null":         {`"OutputPath": "$.t"`, `"OutputPath": null`, "state S: field OutputPath: is not a string"},
		"a failure of the language's":    {`"Error": "A.B"`, `"Error": "States.Timeout"`, `state F: field Error: "States.Timeout" is not the name`},
		"a failure without a cause":      {`, "Cause": "why"`, ``, "state F: field Cause: is missing"},
		"a failure with an empty cause":  {`"Cause": "why"`, `"Cause": ""`, "state F: field Cause: is empty"},
		"a state that nothing leads to":  {`"F": {"Type"`, `"G": {"Type": "Succeed", "OutputPath": "$"}, "F": {"Type"`, "state G: nothing leads here"},
		"states that lead to each other": {`"F": {"Type"`, `"G": {"Type": "Wait", "SecondsPath": "$.s", "Next": "H"}, "H": {"Type": "Wait", "SecondsPath": "$.s", "Next": "G"}, "F": {"Type"`, "state H: nothing leads here"},
		"a way without an end":           {`"SecondsPath": "$.s", "Next": "T"`, `"SecondsPath": "$.s", "Next": "W"`, "state W: no end can be reached from here"},
	} {
		t.Run(name, func(t *testing.T) {
			broken := strings.Replace(complete, c.old, c.with, 1)
			if broken == complete {
				t.Fatalf("the definition has no %s", c.old)
			}
			wantRefusal(t, broken, c.want)
		})
	}
}

// wantRefusal insists on one of the messages, parted by |; none: it loads.
func wantRefusal(t *testing.T, text, messages string) {
	t.Helper()
	_, err := walk.Load("x.asl.json", []byte(text))
	if messages == "" {
		if err != nil {
			t.Error(err)
		}
		return
	}
	if _, ok := errors.AsType[*walk.LoadError](err); !ok || !strings.HasPrefix(err.Error(), "x.asl.json: ") {
		t.Fatalf("got %v, want a *walk.LoadError that begins with the file", err)
	}
	for message := range strings.SplitSeq(messages, "|") {
		if strings.Contains(err.Error(), message) {
			return
		}
	}
	t.Errorf("got %v\nwant %s", err, messages)
}

func TestWhatIsNoObjectIsRefused(t *testing.T) {
	for _, text := range []string{``, `null`, `[]`, `"StartAt"`, `{}`, `{"StartAt": "A", "States": {}}`, `{"StartAt": "A", "States": []}`} {
		if _, err := walk.Load("x.asl.json", []byte(text)); err == nil {
			t.Errorf("%s loads", text)
		}
	}
}

func TestEverythingThatIsWrongIsToldAtOnce(t *testing.T) {
	text := strings.NewReplacer(`"MaxConcurrency": 3, `, ``, `"Cause": "why"`, `"Cause": 1`, `"StartAt": "P"`, `"StartAt": ""`).Replace(complete)
	_, err := walk.Load("x.asl.json", []byte(text))
	for _, want := range []string{"state M: field MaxConcurrency", "state F: field Cause", "state M: field ItemProcessor.StartAt"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not told: %v", want, err)
		}
	}
}
