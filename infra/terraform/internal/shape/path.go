package shape

import (
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/openhostfactory/ohfp/shared/wire"
)

// Path returns where Terraform has a field that the broker names, as
// static.hosts[2].address; as deep as Terraform has a place for it, and false
// when it has none.
func Path(s *wire.Schema, name string) (path.Path, bool) {
	at, found := path.Empty(), false
	for _, step := range strings.Split(strings.ReplaceAll(name, "[", ".["), ".") {
		index, isIndex := strings.CutPrefix(strings.TrimSuffix(step, "]"), "[")
		switch {
		case free(s):
			return at, found
		case s.Type == wire.Object && s.Field(step) != nil:
			at, s = at.AtName(step), s.Field(step).Schema
		case s.Type == wire.Map:
			at, s = at.AtMapKey(step), s.Items
		case s.Type == wire.Array && isIndex:
			i, err := strconv.Atoi(index)
			if err != nil {
				return at, found
			}
			at, s = at.AtListIndex(i), s.Items
		default:
			return at, found
		}
		found = true
	}
	return at, found
}
