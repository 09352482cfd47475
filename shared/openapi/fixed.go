package openapi

// fixed returns the components that no operation owns.
func fixed() members {
	text := members{{"type", "string"}}
	return members{
		{"parameters", members{
			{"IdempotencyKey", members{
				{"name", "Idempotency-Key"},
				{"in", "header"},
				{"required", false},
				{"description", "The same key with the same body gets the stored answer for 24 hours; with another body 422; while the first call runs 409."},
				{"schema", members{{"type", "string"}, {"minLength", 1}, {"maxLength", 255}}},
			}},
			{"Prefer", members{
				{"name", "Prefer"},
				{"in", "header"},
				{"required", false},
				{"description", "respond-async: answer 202 at once and do the work afterwards."},
				{"schema", members{{"type", "string"}, {"enum", []string{"respond-async"}}}},
			}},
			{"RequestId", members{
				{"name", "X-Request-Id"},
				{"in", "header"},
				{"required", false},
				{"description", "Echoed, and in every log line; made when not given."},
				{"schema", members{{"type", "string"}, {"maxLength", 128}}},
			}},
		}},
		{"headers", members{
			{"Location", members{{"description", "Where the result will appear."}, {"schema", text}}},
			{"RequestId", members{{"description", "The id of this request."}, {"schema", text}}},
		}},
		{"securitySchemes", members{
			{"bearer", members{{"type", "http"}, {"scheme", "bearer"}, {"description", "The token in the broker's data directory."}}},
		}},
	}
}
