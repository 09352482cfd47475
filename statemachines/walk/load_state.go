package walk

import (
	"slices"
	"time"
)

// state reads one state of a States object.
func (n *node) state(name, mapping string) state {
	s := n.of(name)
	defer s.close()
	switch kind := s.text("Type"); kind {
	case "Task":
		return s.task()
	case "Choice":
		return s.choice()
	case "Wait":
		return &wait{seconds: s.path("SecondsPath"), exit: s.exit()}
	case "Map":
		return s.mapping(name, mapping)
	case "Pass":
		return &pass{result: s.value("Result"), exit: s.exit()}
	case "Succeed":
		return &succeed{output: s.path("OutputPath")}
	case "Fail":
		return &fail{err: TaskError{Name: s.errorName("Error"), Cause: s.text("Cause")}}
	default:
		s.fail("Type", "%q is not one of Task, Choice, Wait, Map, Pass, Succeed, Fail", kind)
		s.ignoreRest()
		return &fail{}
	}
}

func (n *node) task() state {
	if resource := n.text("Resource"); resource != lambdaInvoke {
		n.fail("Resource", "%q is not %s", resource, lambdaInvoke)
	}
	t := &task{timeout: n.timeout(), selector: n.selector(), place: n.resultPath(), exit: n.exit()}
	p := n.child("Parameters")
	t.function = reference{field: "FunctionName.$", path: p.path("FunctionName.$")}
	t.payload = p.template("Payload")
	p.close()
	for _, r := range n.allLast("Retry") {
		t.retry = append(t.retry, r.retrier())
	}
	for _, c := range n.allLast("Catch") {
		t.catch = append(t.catch, c.catcher())
	}
	return t
}

// allLast returns the elements of a Retry or Catch list. States.ALL before the
// last would hide what follows.
func (n *node) allLast(name string) []*node {
	elements := n.children(name)
	for i, e := range elements {
		names, _ := e.members["ErrorEquals"].([]any)
		if i < len(elements)-1 && slices.Contains(names, any(StatesAll)) {
			e.fail("ErrorEquals", "States.ALL is not in the last element")
		}
	}
	return elements
}

// timeout reads one of TimeoutSeconds and TimeoutSecondsPath; a task without
// would wait for a year.
func (n *node) timeout() timeout {
	switch {
	case n.has("TimeoutSeconds") == n.has("TimeoutSecondsPath"):
		n.fail("TimeoutSeconds", "exactly one of TimeoutSeconds and TimeoutSecondsPath is needed")
		n.ignore("TimeoutSeconds", "TimeoutSecondsPath")
		return timeout{}
	case n.has("TimeoutSeconds"):
		return timeout{fixed: time.Duration(n.whole("TimeoutSeconds", secondsLimit)) * time.Second}
	default:
		return timeout{from: n.path("TimeoutSecondsPath")}
	}
}

// selector reads a ResultSelector. It is needed, so that what the service
// adds to an answer does not travel on.
func (n *node) selector() template {
	s := n.child("ResultSelector")
	t := s.templateObject()
	eachReference(t, func(r reference) {
		if !r.path.under(payloadMember) {
			s.l.fail(s.owner, r.field, "%s is not at or below $.%s", r.path, payloadMember)
		}
	})
	return t
}

func (n *node) retrier() retrier {
	r := retrier{errors: n.errorNames()}
	r.interval = time.Duration(n.whole("IntervalSeconds", 3600)) * time.Second
	r.attempts = n.whole("MaxAttempts", 10)
	r.rate = n.number("BackoffRate", 1, 10)
	n.close()
	return r
}

func (n *node) catcher() catcher {
	c := catcher{errors: n.errorNames(), place: n.resultPath(), next: n.text("Next")}
	n.close()
	return c
}

func (n *node) choice() state {
	c := &choice{fallback: n.text("Default")}
	rules := n.children("Choices")
	if len(rules) == 0 {
		n.fail("Choices", "at least one rule is needed")
	}
	for _, r := range rules {
		c.rules = append(c.rules, r.rule())
	}
	return c
}

func (n *node) rule() rule {
	r := rule{variable: n.path("Variable"), next: n.text("Next")}
	switch {
	case n.has("StringEquals") == n.has("BooleanEquals"):
		n.fail("StringEquals", "exactly one of StringEquals and BooleanEquals is needed")
		n.ignore("StringEquals", "BooleanEquals")
	case n.has("StringEquals"):
		r.want = n.text("StringEquals")
	default:
		r.want = n.boolean("BooleanEquals")
	}
	n.close()
	return r
}

func (n *node) mapping(name, outer string) state {
	m := &mapping{name: name, items: n.path("ItemsPath"), limit: n.whole("MaxConcurrency", 40)}
	m.place, m.exit = n.resultPath(), n.exit()
	body := n.child("ItemProcessor")
	if outer != "" {
		n.fail("Type", "a Map inside the Map %s", outer)
		body.ignoreRest()
		return m
	}
	config := body.child("ProcessorConfig")
	if mode := config.text("Mode"); mode != "INLINE" {
		config.fail("Mode", "%q is not INLINE", mode)
	}
	config.close()
	m.body = body.graph(name)
	body.close()
	return m
}
