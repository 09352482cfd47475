package schema

import (
	"bytes"
	"compress/flate"
	"fmt"
	"io"
	"sync"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// MaxDecision bounds the row of a decision that is read, in bytes: far more
// than any packed one holds.
const MaxDecision = 16 << 20

// Packer makes the rows of decisions. They are the only large text that every
// operation stores, and much of one is in every other: packed, what a decision
// read takes no more room than its verdicts alone did. Its zero value is ready,
// and safe for concurrent use.
type Packer struct{ writers sync.Pool }

// packed is a decision's row: DEFLATE (RFC 1951) with the first dictionary. One
// that was written before there was a packer is the decision itself.
type packed struct {
	One []byte `json:"deflate1"`
}

// Decision makes the row of an operation's decision: packed, where that makes
// it smaller.
func (p *Packer) Decision(id string, d broker.Decision) (Item, error) {
	plain, err := Row(DecisionKey(id), d)
	if err != nil {
		return Item{}, err
	}
	small, err := p.pack(plain.Doc)
	if err != nil {
		return Item{}, fmt.Errorf("packing a decision: %w", err)
	}
	row, err := Row(DecisionKey(id), packed{small})
	if err == nil && len(row.Doc) >= len(plain.Doc) {
		return plain, nil
	}
	return row, err
}

func (p *Packer) pack(doc []byte) ([]byte, error) {
	var out bytes.Buffer
	w, ok := p.writers.Get().(*flate.Writer)
	if ok {
		w.Reset(&out) // keeps the dictionary
	} else {
		var err error
		if w, err = flate.NewWriterDict(&out, flate.DefaultCompression, []byte(dictionary1)); err != nil {
			return nil, err
		}
	}
	defer p.writers.Put(w)
	if _, err := w.Write(doc); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// decision reads a decision from its row, packed or not.
func decision(it Item) (broker.Decision, error) {
	p, err := Decode[packed](it)
	if err != nil {
		return broker.Decision{}, err
	}
	if len(p.One) == 0 {
		return Decode[broker.Decision](it)
	}
	r := flate.NewReaderDict(bytes.NewReader(p.One), []byte(dictionary1))
	it.Doc, err = io.ReadAll(io.LimitReader(r, MaxDecision))
	if err != nil {
		return broker.Decision{}, fmt.Errorf("unpacking %s: %w", it.Key, err)
	}
	return Decode[broker.Decision](it)
}

// dictionary1 is what decisions are made of, the most frequent last. What is
// stored was packed with it: it never changes. Another one is another member of
// packed.
const dictionary1 = `"panic":"allow","max_response_time_ms":,"min_success_rate":,"zones":[","max_cost_per_hour":,` +
	`"exclude_strategies":[","required_capabilities":["instances","require_healthy":true,"prefer_strategies":["` +
	`"load_balancers":true,"spot_instances":true,"instances":true,"instance_management":true,"gpus":,` +
	`GET_AVAILABLE_TEMPLATES","VALIDATE_TEMPLATE","HEALTH_CHECK","CREATE_INSTANCES","UNHEALTHY","DEGRADED","UNKNOWN",` +
	`FIRST_AVAILABLE","ROUND_ROBIN","WEIGHTED_ROUND_ROBIN","LEAST_CONNECTIONS","FASTEST_RESPONSE","HIGHEST_SUCCESS_RATE",` +
	`"CAPABILITY_BASED","HEALTH_BASED","RANDOM","COST_OPTIMIZED","GEOGRAPHIC","ADAPTIVE","STICKY",` +
	`"region":"us-east-1","geography":"us","us-west-2","eu-west-1","place":{"latitude":,"longitude":` +
	`"override":"","lacks":{"","offers":{"","explore":true,"unguarded":true,"fallbacks":["aws-","` +
	`"off":true,"drain":true,"not_before":"2026-,"blocks":[{"offering":"","until":"2026-","reason":"CAPACITY"}],` +
	`"s":"HALF_OPEN","s":"FORCED_OPEN","s":"OPEN","until":"2026-","closed":"2026-","permits":["2026-"` +
	`{"provider_name":"","rule":"driver_absent","value":"aws","detail":"this broker has no driver for providers of this kind"},` +
	`{"provider_name":"","rule":"outranked","rule":"fallback","rule":"not_enabled","rule":"breaker_open","rule":"not_healthy",` +
	`"rule":"not_checked_yet","rule":"excluded","rule":"template_incomplete","threshold":"","data_age_ms":,"detail":"until 2026-` +
	`{"policy":"FIRST_AVAILABLE","criteria":{},"ticket":0,"taken_at":"2026-11-23T15:00:00.000000000Z","snapshot_version":"0123456789abcdef` +
	`","seed":"01980000-0000-7000-8000-000000000000","affinity_key":"","origin":{"zone":"","place":{}},"ranked":["` +
	`"],"verdicts":[{"provider_name":"aws-primary","rank":1,"data_age_ms":1},{"provider_name":"","rank":2,"rule":"lower_tier","data_age_ms":` +
	`}],"evidence":{"rules":1,"op":"CREATE_INSTANCES","drivers":{"static":null,"aws":null},"taken":"2026-11-23T15:00:00.000000000Z",` +
	`"policy":"FIRST_AVAILABLE","permits":1,"read":2,"providers":[{"name":"aws-primary","kind":"static","zone":"us-east-1","place":{},` +
	`"pri":1,"ord":1,"w":100,"price":0.1,"caps":{"instances":true},"health":"HEALTHY","checked":"2026-11-23T15:00:00.000000000Z","ms":100000,` +
	`"room":{"free":1,"limit":10},"live":{"mutate":{"s":"CLOSED","n":1,"ring":[[1763900000,1,0],[176390000` +
	`]]},"read":{"n":1,"ring":[[17639]]}},"calls":{"mutate":{"at":"2026-11-23T15:00:00.000000000Z","good":1,"of":1,"lat":1000000,"peak":1000000,` +
	`"made":1,"want":1,"lost":0},"read":{"at":"2026-11-23T15:00:00Z","good":1,"of":1,"lat":1000000,"peak":1000000}}},{"name":"pool-a","kind":"static","w":100,"health":"HEALTHY","checked":"2026-`
