package openmetrics

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/common/expfmt"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// Options says what to tell of. All are required.
type Options struct {
	Registry broker.ProviderReader
	Open     broker.OpenReader
	Machines broker.MachineReader
	Now      func() time.Time
	Version  string
}

// Exporter counts and tells. Its methods are safe for concurrent use.
type Exporter struct {
	registry *prometheus.Registry
	counters *counters
}

// New makes an exporter that has counted nothing.
func New(o Options) (*Exporter, error) {
	e := &Exporter{registry: prometheus.NewRegistry(), counters: newCounters()}
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "ohfp_build_info", Help: "Which broker this is; always 1.", ConstLabels: prometheus.Labels{"version": o.Version},
	})
	info.Set(1)
	all := append(
		e.counters.all(), info, &standing{options: o},
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	for _, c := range all {
		if err := e.registry.Register(c); err != nil {
			return nil, fmt.Errorf("registering metrics: %w", err)
		}
	}
	return e, nil
}

// Write returns everything in the format that the caller's Accept header asks
// for, OpenMetrics when it asks for none in particular, with its media type.
func (e *Exporter) Write(h http.Header) (media string, body []byte, err error) {
	format := expfmt.NewFormat(expfmt.TypeOpenMetrics)
	if accept := h.Get("Accept"); accept != "" && !strings.HasPrefix(accept, "*/*") {
		format = expfmt.NegotiateIncludingOpenMetrics(h)
	}
	families, err := e.registry.Gather()
	if err != nil {
		return "", nil, fmt.Errorf("gathering metrics: %w", err)
	}
	var b bytes.Buffer
	encoder := expfmt.NewEncoder(&b, format)
	for _, f := range families {
		if err := encoder.Encode(f); err != nil {
			return "", nil, fmt.Errorf("writing %s: %w", f.GetName(), err)
		}
	}
	if c, ok := encoder.(io.Closer); ok { // the end mark of OpenMetrics
		if err := c.Close(); err != nil {
			return "", nil, fmt.Errorf("ending metrics: %w", err)
		}
	}
	return string(format), b.Bytes(), nil
}
