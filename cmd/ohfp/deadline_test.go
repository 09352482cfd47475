package main

import (
	"testing"

	"github.com/openhostfactory/ohfp/shared/catalog"
	"github.com/openhostfactory/ohfp/shared/op"
)

func TestTheClientWaitsLongerThanAnyOperationTakes(t *testing.T) {
	for _, o := range catalog.All() {
		if s := o.Describe(); len(op.Routes(s)) > 0 && s.Timeout >= callTimeout {
			t.Errorf("%s may take %s, and the client gives up after %s", s.Name, s.Timeout, callTimeout)
		}
	}
}
