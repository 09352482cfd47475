package schema

// Version is the version of the stored layout. A store refuses data of a
// newer one.
const Version = 1

// Limits, as DynamoDB sets them (Service quotas, "Items" and "Transactions").
// The SQLite adapter keeps them too: what fits one store fits the other.
const (
	MaxPartitionKey     = 2048      // bytes
	MaxSortKey          = 1024      // bytes, of the table and of each index
	MaxItem             = 400 << 10 // bytes, with attribute names
	MaxTransaction      = 100       // items
	MaxTransactionBytes = 4 << 20
	MaxGroup            = 90 // items of machine records per transaction: leaves room for a flip
)

// Spec describes the table: attribute names, types and indexes.
type Spec struct {
	PartitionKey string  // string
	SortKey      string  // string
	Document     string  // JSON
	TTL          string  // number: Unix seconds, absent for never; readers filter by their own clock
	Indexes      []Index // sparse: an item without the attributes is in none
}

// Index is a sparse index that projects all attributes.
type Index struct {
	Name         string
	PartitionKey string
	SortKey      string
}

// Names of the indexes.
const (
	OpenIndex = "open" // what is open, by the time at which somebody should look
	ListIndex = "list" // lists by day, in order of time
)

// Table returns the description of the table.
func Table() Spec {
	return Spec{
		PartitionKey: "pk", SortKey: "sk", Document: "doc", TTL: "ttl",
		Indexes: []Index{
			{Name: OpenIndex, PartitionKey: "open_pk", SortKey: "open_sk"},
			{Name: ListIndex, PartitionKey: "list_pk", SortKey: "list_sk"},
		},
	}
}
