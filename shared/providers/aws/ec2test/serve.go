package ec2test

import (
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Error is a refusal as the protocol has them.
type Error struct {
	Code    string
	Message string
	Status  int // 0: 400
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

func refuse(code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

func (e *Error) at(status int) *Error {
	e.Status = status
	return e
}

// Trouble is what a cloud does to calls instead of working.
type Trouble struct {
	Action     string          // "": every one
	Refuse     *Error          // answers with this, without an effect
	RetryAfter time.Duration   // with Refuse: the header of that name
	Hang       bool            // never answers, and has no effect
	Lose       bool            // has its effect, and closes the connection without an answer
	Cut        bool            // has its effect, and closes the connection in the middle of the answer
	Slow       <-chan struct{} // has its effect, and answers when this is closed
	Times      int             // how many calls; 0: all
	After      int             // how many calls work before that
}

// Trouble puts a cloud into trouble, on top of what there is.
func (c *Cloud) Trouble(t Trouble) { c.with(func() { c.troubles = append(c.troubles, &t) }) }

// Calm ends all trouble.
func (c *Cloud) Calm() { c.with(func() { c.troubles = nil }) }

// trouble returns the trouble that a call is in and counts it.
func (c *Cloud) trouble(action string) Trouble {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, t := range c.troubles {
		if t.Action != "" && t.Action != action {
			continue
		}
		if t.After > 0 {
			t.After--
			continue
		}
		found := *t
		if t.Times--; t.Times == 0 {
			c.troubles = append(c.troubles[:i:i], c.troubles[i+1:]...)
		}
		return found
	}
	return Trouble{}
}

// ServeHTTP answers a call.
func (c *Cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p, ok := jsonParams(r)
	if !ok {
		if err := r.ParseForm(); err != nil || r.Method != http.MethodPost {
			http.Error(w, "want a form by POST", http.StatusBadRequest)
			return
		}
		p = params{}
		for k := range r.PostForm {
			p[k] = r.PostForm.Get(k)
		}
	}
	t := c.trouble(p["Action"])
	if t.Hang {
		<-r.Context().Done()
		return
	}
	if t.Refuse != nil {
		c.note(p)
		t.refuse(w, p["Action"])
		return
	}
	status, answer := c.answer(r, p)
	t.send(r, w, status, answer)
}

// send answers as far as the trouble allows.
func (t *Trouble) send(r *http.Request, w http.ResponseWriter, status int, answer []byte) {
	if t.Slow != nil {
		select {
		case <-t.Slow:
		case <-r.Context().Done():
		}
	}
	if t.Lose {
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("Content-Type", "text/xml;charset=UTF-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(answer)))
	w.WriteHeader(status)
	if t.Cut {
		answer = answer[:len(answer)/2]
	}
	if _, err := w.Write(answer); err != nil { //nolint:gosec // XML, written by encoding/xml, for a test's client
		return // who asked is gone
	}
	if t.Cut {
		panic(http.ErrAbortHandler)
	}
}

// answer carries a call out.
func (c *Cloud) answer(r *http.Request, p params) (int, []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls = append(c.calls, callOf(p))
	a, err := c.permit(r, p)
	if err == nil && strings.HasPrefix(p["Action"], "Describe") {
		err = c.dryRun(p)
	}
	if err == nil {
		var out any
		if out, err = a(c, p); err == nil {
			return http.StatusOK, written(p, out)
		}
	}
	e, ok := errors.AsType[*Error](err)
	if !ok {
		e = refuse("InternalError", "%v", err).at(http.StatusInternalServerError)
	}
	return e.status(), e.xml(p["Action"])
}

func (c *Cloud) note(p params) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls = append(c.calls, callOf(p))
}

func callOf(p params) Call {
	return Call{Action: p["Action"], Params: map[string]string(p), DryRun: p["DryRun"] == "true"}
}

func (e *Error) status() int {
	if e.Status == 0 {
		return http.StatusBadRequest
	}
	return e.Status
}

// xml is the error as EC2 writes it, or as the other services do.
func (e *Error) xml(action string) []byte {
	if action == getQuota {
		return e.json()
	}
	type one struct {
		Code    string
		Message string
	}
	type ofEC2 struct {
		XMLName xml.Name `xml:"Response"`
		Errors  []one    `xml:"Errors>Error"`
		ID      string   `xml:"RequestID"`
	}
	type errorOfSTS struct {
		XMLName xml.Name `xml:"ErrorResponse"`
		Error   one
		ID      string `xml:"RequestId"`
	}
	if ofSTS(action) {
		return encode(errorOfSTS{Error: one{e.Code, e.Message}, ID: requestID})
	}
	return encode(ofEC2{Errors: []one{{e.Code, e.Message}}, ID: requestID})
}

func (t *Trouble) refuse(w http.ResponseWriter, action string) {
	if t.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(t.RetryAfter.Seconds())))
	}
	w.Header().Set("Content-Type", "text/xml;charset=UTF-8")
	w.WriteHeader(t.Refuse.status())
	if _, err := w.Write(t.Refuse.xml(action)); err != nil {
		return // who asked is gone
	}
}

const requestID = "7a62c49f-347e-4fc4-9331-6e8e00000000"

// marshal writes an answer under the name that the action gives it.
func marshal(action, version string, out any) []byte {
	ns := "http://ec2.amazonaws.com/doc/" + version + "/"
	if ofSTS(action) {
		ns = "https://sts.amazonaws.com/doc/" + version + "/"
	}
	var b strings.Builder
	start := xml.StartElement{Name: xml.Name{Local: action + "Response"}, Attr: []xml.Attr{{Name: xml.Name{Local: "xmlns"}, Value: ns}}}
	e := xml.NewEncoder(&b)
	if err := e.EncodeElement(out, start); err != nil {
		panic(fmt.Sprintf("an answer of %s cannot be written: %v", action, err)) // its types are in this package
	}
	return []byte(xml.Header + b.String())
}

func encode(v any) []byte {
	b, err := xml.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("an answer cannot be written: %v", err)) // its types are in this package
	}
	return append([]byte(xml.Header), b...)
}
