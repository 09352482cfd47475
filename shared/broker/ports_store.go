package broker

// Store is every port that a store is: sqlite and dynamo are one, and storetest
// says what one must do. Whoever needs a part of it asks for that part.
type Store interface {
	ProviderReader
	ProviderWriter
	ConfigReader
	ConfigWriter
	HealthRecorder
	HealthHistory
	CapabilityBook
	SweepClaimer
	SweepRecorder
	SweepReader
	LiveWriter
	BlockWriter
	TemplateReader
	TemplateWriter
	TicketTaker
	Keys
	LedgerWriter
	OperationReader
	OpenReader
	MachineReader
	EndedReader
	MachineLister
	MachineWriter
	UseBook
	OwnedReader
	MachineFinder
	ReclaimReader
	HostProviderReader
	HostProviderWriter
	LeaseBook
	MetricWriter
	MetricReader
	MetricRoller
	MetaReader
	EventReader
	AuditReader
}
