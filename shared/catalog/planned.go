package catalog

// Planned lists the operations that the contract names and that are not built,
// so that who asks for one is told so. A line goes when its operation comes.
func Planned() []string {
	return []string{"listAuditEvents"}
}
