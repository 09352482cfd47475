package localhost

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/openhostfactory/ohfp/shared/op"
	"github.com/openhostfactory/ohfp/shared/trace"
)

// DefaultMaxRequests is how many requests are served at a time unless
// configured: enough for every scheduler of a site polling at once, few
// enough that their bodies fit into memory.
const DefaultMaxRequests = 256

// Config is what a server needs. Log, Now, Auth and Ready are required.
type Config struct {
	Endpoints   []op.Endpoint      // commands and queries are served, others are not reachable; two of one name are an error
	OpenAPI     []byte             // served as it is
	Auth        *Tokens            // who may call
	Roles       map[string]op.Role // of client certificates, by common name
	Hosts       []string           // names allowed in the Host header beside loopback and listen address
	Ready       func() error       // nil when the store answers
	Log         *slog.Logger
	Now         func() time.Time
	MaxRequests int       // served at a time; 0: DefaultMaxRequests
	Metrics     Metrics   // nil: there is no /metrics
	Forward     Forwarder // nil: the endpoints serve; else they only say what there is
	Events      Stream    // nil: there is no /v1/events
}

// Server answers requests. Make it with [New]; it is safe for concurrent use.
type Server struct {
	cfg    Config
	routes map[string]route
	hosts  map[string]bool
	slots  chan struct{}      // one taken per request in progress
	hard   context.Context    //nolint:containedctx // ends when requests may no longer finish
	kill   context.CancelFunc // ends hard
	soft   context.Context    //nolint:containedctx // ends when streams are to end
	hush   context.CancelFunc // ends soft
}

var _ http.Handler = (*Server)(nil)

// New makes a server. It fails when two endpoints have the same route, and
// when one may take longer than a connection is kept.
func New(cfg Config) (*Server, error) {
	routes, err := table(cfg.Endpoints)
	if err != nil {
		return nil, fmt.Errorf("building routes: %w", err)
	}
	if cfg.MaxRequests == 0 {
		cfg.MaxRequests = DefaultMaxRequests
	}
	hard, kill := context.WithCancel(context.Background())
	soft, hush := context.WithCancel(hard)
	return &Server{
		cfg: cfg, routes: routes, hosts: allowedHosts(cfg.Hosts),
		slots: make(chan struct{}, cfg.MaxRequests), hard: hard, kill: kill, soft: soft, hush: hush,
	}, nil
}

// ServeHTTP answers one request and writes one line to the log.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := &exchange{request: r, writer: w, id: op.RequestID(r.Header.Get("X-Request-Id"), uuid.NewString), started: s.cfg.Now()}
	rep, err := s.safely(x)
	if err != nil {
		rep = s.refusal(x, err)
		hearOut(r)
	}
	if x.trace != nil && !rep.streamed {
		rep.body = op.WithDebug(rep.body, x.trace.Close())
	}
	if !rep.streamed {
		s.write(x, rep)
	}
	s.record(x, rep)
}

// exchange is one request on its way through the doors.
type exchange struct {
	request   *http.Request
	writer    http.ResponseWriter
	id        string
	started   time.Time
	operation string // "" until the route is known
	who       Principal
	trace     *trace.Recorder // nil: nobody asked for one
}

// reply is what goes back.
type reply struct {
	status int
	code   string // of a problem
	media  string
	body   []byte
	header map[string]string

	streamed bool // it was written already
}

// answer takes x through the doors. The error is a *fault.Error or ours.
func (s *Server) answer(x *exchange) (reply, error) {
	if x.request.URL.Path == healthPath {
		return s.health(x)
	}
	leave, err := s.enter()
	if err != nil {
		return reply{}, err
	}
	defer func() { leave() }()
	if err := s.guard(x.request); err != nil {
		return reply{}, err
	}
	if x.who, err = s.identify(x.request); err != nil {
		return reply{}, err
	}
	if x.request.URL.Path == eventsPath && s.cfg.Events != nil {
		leave()
		leave = func() {} // a stream may last for days, and has its own limit
		return s.events(x)
	}
	if x.request.URL.Path == openAPIPath {
		return s.openAPI(x)
	}
	if x.request.URL.Path == metricsPath && s.cfg.Metrics != nil {
		return s.metrics(x)
	}
	return s.operate(x)
}

func (s *Server) operate(x *exchange) (reply, error) {
	rt, err := s.route(x.request)
	if err != nil {
		return reply{}, err
	}
	x.operation = rt.endpoint.Spec.Name
	if err := permit(x.who, rt.endpoint.Spec); err != nil {
		return reply{}, err
	}
	asked := s.traced(x)
	if s.cfg.Forward != nil {
		return s.forward(x, rt)
	}
	call, err := s.call(x, rt)
	if err != nil {
		return reply{}, err
	}
	body, err := rt.body(x)
	if err != nil {
		return reply{}, err
	}
	ctx, done := s.context(x.request, rt.endpoint.Spec.Kind)
	defer done()
	a, err := rt.endpoint.Serve(trace.With(ctx, asked), call, body)
	if err != nil {
		return reply{}, err
	}
	return accepted(a, call), nil
}

// context returns the context of an operation. A command runs to its end when
// its caller goes away, as a Lambda function would: what it began is on
// record. A query stops.
func (s *Server) context(r *http.Request, kind op.Kind) (context.Context, context.CancelFunc) {
	ctx := r.Context()
	if kind == op.Command {
		ctx = context.WithoutCancel(ctx)
	}
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(s.hard, cancel)
	return ctx, func() { stop(); cancel() }
}
