package plan

import (
	"encoding/json"
	"maps"
)

// environment is what a function is told; functions/internal/settings says what
// it means. What starts workflows is told where they are, what touches a
// provider what it may dial there.
func environment(c Config, n namer, f Function) map[string]string {
	env := map[string]string{"OHFP_TABLE": n.tableName()}
	switch f.Cone {
	case Reads:
		env["OHFP_FUNCTIONS"] = installation(c, n)
	case Writes:
		env["OHFP_FUNCTIONS"] = installation(c, n)
		maps.Copy(env, map[string]string{
			"OHFP_EXECUTE_STANDARD_ARN": n.machine(executeStandard),
			"OHFP_EXECUTE_EXPRESS_ARN":  n.machine(executeExpress),
			"OHFP_HEALTH_CHECK_ARN":     n.machine(healthCheck),
		})
	case Clouds:
		if f.VPC != nil && len(f.VPC.AddressAllow) > 0 {
			env["OHFP_STATIC"] = text(map[string]any{"address_allow": f.VPC.AddressAllow})
		}
	}
	return env
}

// installation names the functions that workflows call, as OHFP_FUNCTIONS wants
// them.
func installation(c Config, n namer) string {
	byKind := func(step string) map[string]string {
		names := map[string]string{}
		for _, kind := range c.Providers {
			names[kind] = n.name(step + "-" + kind)
		}
		return names
	}
	return text(map[string]any{
		attempting: byKind(attempting), probing: byKind(probing), sweeping: byKind(sweeping),
		settling: n.name(settling), due: n.name(due),
	})
}

// text is the JSON of texts and maps of them, which always have one.
func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}
