package plan

// Tick starts a workflow each minute. What is due stands in the table: another
// interval is a row there, and no change of a schedule.
type Tick struct {
	Part    string // of the workflow's name, and its own
	Name    string
	Machine string // ARN
	Input   string // names of functions: the role of the workflow knows no others
	Queue   string // ARN; gets ticks that could not be delivered
}

const schedulerService = "scheduler.amazonaws.com"

// ticks are the schedule, and what starts them is allowed. A tick is never
// delivered late: the next one does its work.
func ticks(n namer) ([]Tick, Role) {
	all := []Tick{
		{Part: healthCheck, Input: text(map[string]any{
			"functions": map[string]string{due: n.name(due)}, due: map[string]string{},
		})},
		{Part: reconcile, Input: text(map[string]any{
			"functions": map[string]string{reconciling: n.name(reconciling)},
		})},
	}
	start := Statement{Sid: "Start", Actions: []string{"states:StartExecution"}}
	for i := range all {
		t := &all[i]
		t.Name, t.Machine, t.Queue = n.name(t.Part), n.machine(t.Part), n.queue(lateTicks)
		start.Resources = append(start.Resources, t.Machine)
	}
	keep := Statement{Sid: "Keep", Actions: []string{"sqs:SendMessage"}, Resources: []string{n.queue(lateTicks)}}
	return all, Role{Name: n.role("schedule"), Principal: schedulerService, Statements: []Statement{start, keep}}
}
