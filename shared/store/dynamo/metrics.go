package dynamo

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	ddb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/store/schema"
)

// AddMetric adds r to the row of its key, and makes it where there is none.
func (s *Store) AddMetric(ctx context.Context, r broker.MetricRow) error {
	it := schema.Item{Key: schema.MetricKey(r.MetricKey), Expires: r.ExpiresAt}
	if err := (&schema.Change{Put: []schema.Item{it}}).Check(); err != nil {
		return err
	}
	e := newExpression()
	e.set(attrTTL, it.TTL())
	for name, n := range r.Numbers {
		if broker.FlatAdded(name) {
			e.add(name, n)
		} else {
			e.set(name, n)
		}
	}
	for name, text := range r.Texts {
		e.set(name, text)
	}
	_, err := s.update(ctx, it.Key, e, types.ReturnValueNone)
	return err
}

// PutMetric stores r in the place of what is there.
func (s *Store) PutMetric(ctx context.Context, r broker.MetricRow) error {
	it, err := schema.MetricItem(r)
	if err != nil {
		return s.unavailable("writing counters", err)
	}
	if err := (&schema.Change{Put: []schema.Item{it}}).Check(); err != nil {
		return err
	}
	item := keyOf(it.Key)
	item[attrTTL] = number(it.TTL())
	for name, n := range r.Numbers {
		item[name] = number(n)
	}
	for name, text := range r.Texts {
		item[name] = &types.AttributeValueMemberS{Value: text}
	}
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	_, err = s.client.PutItem(ctx, &ddb.PutItemInput{TableName: s.table, Item: item})
	return s.unavailable("writing "+it.Key.String(), err)
}

func number(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}

// MetricRows returns the rows of a range that have not expired, by key.
func (s *Store) MetricRows(ctx context.Context, r broker.MetricRange) ([]broker.MetricRow, error) {
	pk := schema.MetricPK(r.Provider, r.Hourly, r.Partition)
	if !readable(schema.Key{PK: pk, SK: r.Below}) || r.First >= r.Below {
		return nil, nil
	}
	items, err := s.ask(ctx, query{pk: pk, op: between, sk: r.First, below: r.Below, limit: everything})
	if err != nil {
		return nil, err
	}
	now := s.now()
	var rows []broker.MetricRow
	for _, item := range items {
		m := broker.MetricRow{MetricKey: broker.MetricKey{Provider: r.Provider, Hourly: r.Hourly, Partition: r.Partition}}
		if err := parseMetric(item, &m); err != nil {
			return nil, s.unavailable("reading "+pk, err)
		}
		if m.Row < r.Below && !schema.Expired(m, now) { // BETWEEN has both ends
			rows = append(rows, m)
		}
	}
	return rows, nil
}

// parseMetric reads a row of counters: what is a number or a text and not of
// every row.
func parseMetric(item attributes, m *broker.MetricRow) error {
	m.Numbers = map[string]int64{}
	for name, v := range item {
		switch v := v.(type) {
		case *types.AttributeValueMemberS:
			parseText(m, name, v.Value)
		case *types.AttributeValueMemberN:
			n, err := strconv.ParseInt(v.Value, 10, 64)
			if err != nil {
				return fmt.Errorf("decoding the counter %q: %w", name, err)
			}
			if name == attrTTL {
				m.ExpiresAt = time.Unix(n, 0).UTC()
				continue
			}
			m.Numbers[name] = n
		}
	}
	return nil
}

func parseText(m *broker.MetricRow, name, text string) {
	switch name {
	case attrPK, attrBy:
	case schema.Table().SortKey:
		m.Row = text
	default:
		if m.Texts == nil {
			m.Texts = map[string]string{}
		}
		m.Texts[name] = text
	}
}

// PutDigest stores what snapshots say was measured of a provider, unless what
// is stored is newer.
func (s *Store) PutDigest(ctx context.Context, provider string, d broker.Digest) error {
	if !readable(schema.ProviderKey(provider)) {
		return nil
	}
	doc, err := schema.Encode(d)
	if err != nil {
		return s.unavailable("writing a digest", err)
	}
	at := schema.Stamp(d.At)
	e := newExpression()
	e.set(attrDigest, string(doc))
	e.set(attrDigestAt, at)
	e.when(e.exists(attrPK))
	e.when(either(e.absent(attrDigestAt), e.compare(attrDigestAt, "<=", at)))
	_, err = s.update(ctx, schema.ProviderKey(provider), e, types.ReturnValueNone)
	if _, refused := errors.AsType[*refusal](err); refused {
		return nil
	}
	s.snapshot.forget()
	return err
}

// digested puts what was measured into v.
func digested(v *broker.ProviderView, r row) error {
	if r.Digest == "" {
		return nil
	}
	d, err := schema.Decode[broker.Digest](schema.Item{Key: r.key(), Doc: []byte(r.Digest)})
	v.DigestAt, v.Measured, v.Rolled = d.At.UTC(), d.Measured, d.Rolled
	return err
}
