package cmd

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/shared/hostfactory/hftest"
)

// A management host is a broker with a pool, and the plug-in's scripts as
// somebody has installed them.
type managementHost struct {
	*testing.T
	broker  *broker
	scripts string
}

// manage starts a broker with a pool of so many hosts, and installs the
// plug-in in an empty directory.
func manage(t *testing.T, hosts int) *managementHost {
	t.Helper()
	bin, home := build(t), t.TempDir()
	dir := filepath.Join(home, "data")
	env := []string{"HOME=" + home, "PATH=" + bin + string(os.PathListSeparator) + os.Getenv("PATH")}
	b, err := launch(filepath.Join(bin, "ohfpd"), dir, env, embedded.flags(dir)...)
	if b != nil {
		t.Cleanup(func() {
			if err := b.end(syscall.SIGTERM); err != nil {
				t.Error(err)
			}
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	m := &managementHost{T: t, broker: b, scripts: filepath.Join(home, "plug", "scripts")}
	var pool []string
	for i := range hosts {
		pool = append(pool, fmt.Sprintf(`{"name": "node-%d", "address": "127.0.0.1", "attributes": {"ncpus": 4, "nram": 8192}}`, i))
	}
	m.post("registerProviderStrategy", `{"strategy_name": "pool", "provider_type": "static", "strategy_config": {"check": {"kind": "none"}, "hosts": [`+strings.Join(pool, ",")+`]}}`)
	install := exec.CommandContext(t.Context(), filepath.Join(bin, "ohfp"), "hostfactory", "install", "--dir", filepath.Join(home, "plug"), "--endpoint", b.endpoint, "--token-file", b.tokenFile())
	install.Env = env
	if out, err := install.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return m
}

func (m *managementHost) post(operation, body string) string {
	m.Helper()
	status, answer, err := m.broker.ask("POST", "/v1/commands/"+operation, body, nil)
	if err != nil || status != 200 {
		m.Fatalf("%s: %d, %v: %s", operation, status, err, answer)
	}
	return answer
}

// script runs a script with an input file of its own, and the environment of a
// scheduler alone.
func (m *managementHost) script(operation, input string, env ...string) (stdout []byte, exit int) {
	m.Helper()
	file, err := os.CreateTemp(m.TempDir(), "hf_in_*")
	if err == nil {
		_, err = file.WriteString(input)
	}
	if err := errors.Join(err, file.Close()); err != nil {
		m.Fatal(err)
	}
	cmd := exec.CommandContext(m.Context(), filepath.Join(m.scripts, operation+".sh"), "-f", file.Name())
	cmd.Env = env
	out, err := cmd.Output()
	if ended := new(exec.ExitError); err != nil && !errors.As(err, &ended) {
		m.Fatal(err)
	}
	return out, cmd.ProcessState.ExitCode()
}

func (m *managementHost) requested(out []byte, exit int) string {
	m.Helper()
	var answer struct{ RequestID string }
	if err := json.Unmarshal(out, &answer); err != nil || exit != 0 || answer.RequestID == "" {
		m.Errorf("exit status %d, %v: %s", exit, err, out)
	}
	return answer.RequestID
}

// ended polls a request until it is terminal.
func (m *managementHost) ended(id string) []byte {
	m.Helper()
	beat := time.NewTicker(50 * time.Millisecond)
	defer beat.Stop()
	for deadline := time.Now().Add(startWithin); time.Now().Before(deadline); <-beat.C {
		out, exit := m.script("getRequestStatus", fmt.Sprintf(`{"requests": [{"requestId": %q}]}`, id))
		if exit != 0 {
			m.Fatalf("exit status %d: %s", exit, out)
		}
		if !bytes.Contains(out, []byte(`"status":"running","message":"","machines"`)) {
			return out
		}
	}
	m.Fatalf("%s does not end", id)
	return nil
}

func TestThreeProcessesOfFifteenRequestsAtOnceAreFortyFiveRequests(t *testing.T) {
	m := manage(t, 100)
	m.post("registerTemplate", `{"template_id": "web", "max_number": 90}`)
	var mu sync.Mutex
	ids := map[string]bool{}
	var schedulers sync.WaitGroup
	for range 3 {
		schedulers.Go(func() {
			for range 15 {
				id := m.requested(m.script("requestMachines", `{"template": {"templateId": "web", "machineCount": 2}}`, "HF_PROVIDER_NAME=ohfpinst"))
				mu.Lock()
				ids[id] = true
				mu.Unlock()
			}
		})
	}
	schedulers.Wait()
	machines := map[string]bool{}
	for id := range ids {
		var answer struct {
			Requests []struct {
				Status   string
				Machines []struct{ MachineID, Name string }
			}
		}
		if err := json.Unmarshal(m.ended(id), &answer); err != nil || answer.Requests[0].Status != "complete" {
			t.Errorf("%v: %+v", err, answer)
		}
		for _, one := range answer.Requests[0].Machines {
			machines[one.Name] = true
		}
	}
	if len(ids) != 45 || len(machines) != 90 {
		t.Errorf("%d requests with %d machines, want 45 with 90", len(ids), len(machines))
	}
	out, exit := m.script("requestMachines", `{"template": {"templateId": "web", "machineCount": 1}}`)
	if exit != 1 || bytes.Contains(out, []byte("requestId")) {
		t.Errorf("beyond the limit: exit status %d, %s", exit, out)
	}
}

// TestTheScriptsAnswerTheCallsOfSchedulers plays the recorded calls. What they
// take for given is made before; what a provider has taken back is played in
// shared/catalog, where a provider can.
func TestTheScriptsAnswerTheCallsOfSchedulers(t *testing.T) {
	m := manage(t, 60)
	attributes := `"attributes": {"nram": ["Numeric", "1024"], "ncpus": ["Numeric", "1"], "type": ["String", "X86_64"]}`
	m.post("registerTemplate", `{"template_id": "OnDemand-Minimal-Template-VM", "max_number": 10, `+attributes+`}`)
	m.post("registerTemplate", `{"template_id": "Spot-Template-VM", "max_number": 10, "machine_types": ["m3.medium"], "tags": {"company": "abc", "project": "awscloud", "team": "xyz"},
		"overrides": {"types": {"static": {"machine_types": []}}}, `+attributes+`}`)
	m.post("registerTemplate", `{"template_id": "Template-VM-1", "max_number": 200, "attributes": {"mem": ["Numeric", "8192"], "zone": "asiasoutheast", "azurehost": ["Boolean", "1"]}}`)
	m.post("registerTemplate", `{"template_id": "Template-VM-SYMA", "attributes": {"ncpus": 1}}`)
	m.post("registerHostProvider", `{"name": "awsinst", "dialect": "symphony", "templates": ["OnDemand-Minimal-Template-VM", "Spot-Template-VM", "Template-VM-SYMA"]}`)
	m.post("registerHostProvider", `{"name": "two", "dialect": "symphony", "templates": ["OnDemand-Minimal-Template-VM", "Spot-Template-VM"]}`)
	m.post("registerHostProvider", `{"name": "lsfinst", "dialect": "lsf", "templates": ["Template-VM-1"]}`)
	m.post("registerHostProvider", `{"name": "nobodys", "dialect": "symphony", "selection_criteria": {"zones": ["nowhere"]}}`)
	acquired := m.requested(m.script("requestMachines", `{"template": {"templateId": "Template-VM-SYMA", "machineCount": 1}, "rc_account": "default"}`))
	m.ended(acquired)
	returned := m.requested(m.script("requestReturnMachines", `{"machines": [{"name": "node-gone", "machineId": "m-gone"}]}`))
	m.ended(returned)

	instances := map[string]string{
		"T1-captured-two-templates": "HF_PROVIDER_NAME=two", "T2-lsf-template": "PROVIDER_NAME=lsfinst", "M4-lsf-envelope": "PROVIDER_NAME=lsfinst",
		"M3-captured-failure": "HF_PROVIDER_NAME=nobodys",
	}
	for _, c := range hftest.Calls(t, "") {
		if c.ID == "G2-ibm-two-of-four" || c.ID == "G3-lsf-terminated" {
			continue
		}
		t.Run(c.ID, func(t *testing.T) {
			input := string(c.Input)
			input = strings.ReplaceAll(input, "ret-00000000-0000-7000-8000-00000000000a", returned)
			input = strings.ReplaceAll(input, "req-00000000-0000-7000-8000-00000000000a", acquired)
			if c.Operation == "getRequestStatus" {
				input = strings.ReplaceAll(input, "00000000-0000-7000-8000-00000000000a", acquired)
			}
			instance := instances[c.ID]
			if instance == "" {
				instance = "HF_PROVIDER_NAME=awsinst"
			}
			out, exit := m.script(c.Operation, input, instance)
			if exit != c.Exit {
				t.Errorf("exit status %d, want %d: %s", exit, c.Exit, out)
			}
			for _, err := range c.Check(out) {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}
