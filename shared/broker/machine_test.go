package broker_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/openhostfactory/ohfp/shared/broker"
)

func TestOfWhatIsSaidOfAMachineOnlyNewsCounts(t *testing.T) {
	tests := []struct {
		name   string
		stored broker.MachineStatus
		said   broker.MachineStatus
		after  time.Duration // the stored moment; below zero is before
		news   bool
	}{
		{"a later status", broker.MachinePending, broker.MachineRunning, time.Second, true},
		{"a later status of an earlier stage: it was started again", broker.MachineStopped, broker.MachinePending, time.Second, true},
		{"a later status that is the same", broker.MachineRunning, broker.MachineRunning, time.Second, true},
		{"an older status", broker.MachinePending, broker.MachineRunning, -time.Second, false},
		{"of one moment, a later stage", broker.MachinePending, broker.MachineRunning, 0, true},
		{"of one moment, an earlier stage", broker.MachineStopping, broker.MachineRunning, 0, false},
		{"of one moment, the same again", broker.MachineStopping, broker.MachineStopping, 0, false},
		{"an end", broker.MachineRunning, broker.MachineTerminated, time.Second, true},
		{"an end that was told late", broker.MachineStopped, broker.MachineLost, -time.Hour, true},
		{"life after the end", broker.MachineTerminated, broker.MachineRunning, time.Hour, false},
		{"another end after the end", broker.MachineLost, broker.MachineTerminated, time.Hour, false},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			m := broker.Machine{ID: "m", Status: tc.stored, Message: "as it was", UpdatedAt: noon}
			want := m
			if tc.news {
				want.Status, want.Message = tc.said, "as it is"
				want.UpdatedAt = noon.Add(max(tc.after, 0))
			}
			got, news := m.Note(broker.MachineNote{Status: tc.said, Message: "as it is", At: noon.Add(tc.after)})
			if diff := cmp.Diff(want, got); diff != "" || news != tc.news {
				t.Errorf("news %t (-want +got):\n%s", news, diff)
			}
		})
	}
}

func TestANoteWithoutAMessageLeavesTheStoredOne(t *testing.T) {
	m := broker.Machine{Status: broker.MachineRunning, Message: "the provider takes it"}
	if got, _ := m.Note(broker.MachineNote{Status: broker.MachineStopping, At: noon}); got.Message != "the provider takes it" {
		t.Errorf("message %q", got.Message)
	}
}

func TestWhenAMachineIsTakenBackCountsHoweverLateItIsTold(t *testing.T) {
	in := func(minutes int) time.Time { return noon.Add(time.Duration(minutes) * time.Minute) }
	running := broker.Machine{Status: broker.MachineRunning, UpdatedAt: in(5), Message: "as it was"}
	warned, ended := running, running
	warned.ReclaimAt, ended.Status = in(3), broker.MachineTerminated
	tests := []struct {
		name   string
		stored broker.Machine
		said   broker.MachineNote
		want   func(*broker.Machine)
		news   bool
	}{
		{
			"with a status that is older than the stored one", running,
			broker.MachineNote{Status: broker.MachineStopping, At: in(1), ReclaimAt: in(3), Message: "taken"},
			func(m *broker.Machine) { m.ReclaimAt, m.Message = in(3), "taken" }, true,
		},
		{
			"without a status", running,
			broker.MachineNote{At: in(6), ReclaimAt: in(8), Message: "taken"},
			func(m *broker.Machine) { m.ReclaimAt, m.Message = in(8), "taken" }, true,
		},
		{"again", warned, broker.MachineNote{At: in(1), ReclaimAt: in(3), Message: "again"}, func(*broker.Machine) {}, false},
		{"an earlier time after a later one", warned, broker.MachineNote{At: in(0), ReclaimAt: in(2), Message: "late"}, func(*broker.Machine) {}, false},
		{"a later time after an earlier one", warned, broker.MachineNote{At: in(2), ReclaimAt: in(4)}, func(m *broker.Machine) { m.ReclaimAt = in(4) }, true},
		{"after the end", ended, broker.MachineNote{At: in(6), ReclaimAt: in(8), Message: "taken"}, func(*broker.Machine) {}, false},
		{"nothing at all", running, broker.MachineNote{At: in(6), Message: "empty"}, func(*broker.Machine) {}, false},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			want := tc.stored
			tc.want(&want)
			got, news := tc.stored.Note(tc.said)
			if diff := cmp.Diff(want, got); diff != "" || news != tc.news {
				t.Errorf("news %t (-want +got):\n%s", news, diff)
			}
		})
	}
}

// The bus promises neither order nor that an event comes once.
func TestTheOrderAndTheNumberOfNotesDoNotMatter(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		note := rapid.Custom(func(r *rapid.T) broker.MachineNote {
			return broker.MachineNote{
				Status: rapid.SampledFrom([]broker.MachineStatus{
					"", broker.MachinePending, broker.MachineRunning, broker.MachineStopping, broker.MachineStopped, broker.MachineTerminated,
				}).Draw(r, "status"),
				At:        noon.Add(time.Duration(rapid.IntRange(0, 5).Draw(r, "second")) * time.Second),
				ReclaimAt: noon.Add(time.Duration(rapid.IntRange(0, 3).Draw(r, "minute")) * time.Minute),
			}
		})
		notes := rapid.SliceOfN(note, 1, 8).Draw(r, "notes")
		again := append(rapid.Permutation(notes).Draw(r, "again"), rapid.SampledFrom(notes).Draw(r, "twice"))
		start := broker.Machine{Status: broker.MachinePending, UpdatedAt: noon}
		one, other := apply(start, notes), apply(start, again)
		if one.Status != other.Status {
			r.Errorf("%s in one order, %s in the other", one.Status, other.Status)
		}
		if !one.Status.Final() && !one.UpdatedAt.Equal(other.UpdatedAt) {
			r.Errorf("as of %s in one order, %s in the other", one.UpdatedAt, other.UpdatedAt)
		}
		if !one.Status.Final() && !one.ReclaimAt.Equal(other.ReclaimAt) {
			r.Errorf("taken back at %s in one order, %s in the other", one.ReclaimAt, other.ReclaimAt)
		}
	})
}

func apply(m broker.Machine, notes []broker.MachineNote) broker.Machine {
	for _, n := range notes {
		m, _ = m.Note(n)
	}
	return m
}
