package wire

// Limits bounds one document. A zero field takes its default.
type Limits struct {
	Body  int64  // bytes; 0: 64 KiB
	Depth int    // objects and lists in one another; 0: 16
	List  int    // items of a list, keys of an object; 0: 1,000
	At    string // where the document stands in a larger one: "strategy_config" makes paths like "strategy_config.hosts[2]"
}

// The defaults of [Limits].
const (
	DefaultBody  = 64 << 10
	DefaultDepth = 16
	DefaultList  = 1000
)

// maxNumber is the longest number literal in bytes: far more digits than any
// type holds, far fewer than make exact arithmetic slow.
const maxNumber = 64

// maxProblems is how many problems of one document are reported.
const maxProblems = 20

func (l Limits) withDefaults() Limits {
	if l.Body == 0 {
		l.Body = DefaultBody
	}
	if l.Depth == 0 {
		l.Depth = DefaultDepth
	}
	if l.List == 0 {
		l.List = DefaultList
	}
	return l
}
