package main

import (
	"github.com/openhostfactory/ohfp/shared/catalog"
	"github.com/openhostfactory/ohfp/shared/op"
)

// operations is the catalogue: what the subcommands are made of.
func operations() []op.Described { return catalog.All() }
