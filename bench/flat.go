package main

import (
	"context"
	"fmt"
	"time"
)

// costs are the times of single calls, nothing else going on.
type costs struct {
	create, read, list []time.Duration
}

// serial makes and ends machines one after the other, reads each operation
// back and lists the newest.
func serial(ctx context.Context, t *target, pool string) (*costs, error) {
	progress("%d operations one after the other", 2*serialPairs)
	c := &costs{}
	for range serialPairs {
		if err := c.one(ctx, t, pool); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func (c *costs) one(ctx context.Context, t *target, pool string) error {
	began := time.Now()
	operation, machine, err := t.create(ctx, pool)
	if err != nil {
		return err
	}
	c.create = append(c.create, time.Since(began))
	began = time.Now()
	if err := t.call(ctx, "/v1/queries/getOperation", object{"operation_id": operation}, nil); err != nil {
		return err
	}
	c.read = append(c.read, time.Since(began))
	began = time.Now()
	if err := t.call(ctx, "/v1/queries/listOperations", object{}, nil); err != nil {
		return err
	}
	c.list = append(c.list, time.Since(began))
	return t.terminate(ctx, machine)
}

// compare adds the cost with many operations stored beside that with few.
func (c *costs) compare(r *report, few *costs, stored int) {
	for _, row := range []struct {
		name      string
		many, few []time.Duration
	}{
		{"create of 1", c.create, few.create},
		{"getOperation", c.read, few.read},
		{"listOperations, first page", c.list, few.list},
	} {
		was, is := quantile(row.few, 0.5), quantile(row.many, 0.5)
		r.add(fmt.Sprintf("cost with %d operations stored: %s, p50", stored, row.name), ms(is), "flat", times(is, was, "with 100 stored, "+ms(was)))
	}
}

// largePool adds what the size of a pool costs.
func largePool(ctx context.Context, r *report, t *target, small *costs) error {
	c, err := serial(ctx, t, large)
	if err != nil {
		return err
	}
	was, is := quantile(small.create, 0.5), quantile(c.create, 0.5)
	r.add(fmt.Sprintf("cost in a pool of %d hosts: create of 1, p50", largeHosts), ms(is), "",
		times(is, was, fmt.Sprintf("in a pool of %d, %s", poolHosts, ms(was))))
	return nil
}
