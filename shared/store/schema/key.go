package schema

import (
	"fmt"
	"hash/fnv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// Key is where an item is.
type Key struct{ PK, SK string }

// String returns the key as it stands in [Verbs].
func (k Key) String() string { return k.PK + "/" + k.SK }

// Valid reports whether k is text. What is none would be stored as other text:
// two names could become one.
func (k Key) Valid() bool { return utf8.ValidString(k.PK) && utf8.ValidString(k.SK) }

// Partitions that hold one kind of row for the whole broker.
const (
	MetaPK     = "META"
	RegistryPK = "REG"
	LivePK     = "LIVE"
	TemplatePK = "TPL"
)

const (
	only           = "-" // sort key of a partition with a single row
	providerPrefix = "P#"
	attemptPrefix  = "ATT#"
	outputPrefix   = "OUT#"
	leasePrefix    = "H#"
	blockPrefix    = "B#"
)

// escaper keeps the parts of a composed key apart, whatever they contain.
var escaper = strings.NewReplacer("%", "%25", "#", "%23")

// part escapes what is followed by a separator. The last part of a key is
// never escaped, so that keys sort like the names in them.
func part(s string) string { return escaper.Replace(s) }

// LayoutKey holds the version of the layout.
func LayoutKey() Key { return Key{MetaPK, "SCHEMA"} }

// BrokerKey holds the broker's identity.
func BrokerKey() Key { return Key{MetaPK, "BROKER"} }

// OrderKey counts registrations.
func OrderKey() Key { return Key{MetaPK, "ORDER"} }

// ConfigKey holds the strategy configuration.
func ConfigKey() Key { return Key{RegistryPK, "CFG"} }

// ProviderKey holds what selection reads about a provider.
func ProviderKey(name string) Key { return Key{RegistryPK, providerPrefix + name} }

// BlockKey holds what a provider is out of.
func BlockKey(k broker.BlockKey) Key {
	return Key{RegistryPK, blockPrefix + part(k.Provider) + "#" + k.Offering}
}

// IsBlock reports whether k is where a block is.
func (k Key) IsBlock() bool { return k.PK == RegistryPK && strings.HasPrefix(k.SK, blockPrefix) }

// RegistrationKey holds the whole registration.
func RegistrationKey(name string) Key { return Key{"PROV#" + name, "CONF"} }

// CapabilitiesKey holds what a provider was seen to offer.
func CapabilitiesKey(name string) Key { return Key{"PROV#" + name, "CAPS"} }

// SweepKey holds what was found of a provider's machines without a record.
func SweepKey(name string) Key { return Key{"PROV#" + name, "SWEEP"} }

// LiveKey holds a breaker.
func LiveKey(k broker.LiveKey) Key {
	return Key{LivePK, providerPrefix + part(k.Provider) + "#" + k.Class}
}

// LiveKeys returns the breakers of a provider.
func LiveKeys(provider string) []Key {
	return []Key{
		LiveKey(broker.LiveKey{Provider: provider, Class: broker.ClassMutate}),
		LiveKey(broker.LiveKey{Provider: provider, Class: broker.ClassRead}),
	}
}

// HistoryPK is the health history of a provider.
func HistoryPK(provider string) string { return "HH#" + provider }

// HistoryKey holds one entry of it.
func HistoryKey(provider string, at time.Time) Key { return Key{HistoryPK(provider), Stamp(at)} }

// MetricPK is counters of a provider: the minutes of an hour or the hours of a
// day.
func MetricPK(provider string, hourly bool, partition string) string {
	if hourly {
		return "METH#" + part(provider) + "#" + partition
	}
	return "MET#" + part(provider) + "#" + partition
}

// MetricKey holds the counters of one operation type in a minute or an hour.
func MetricKey(k broker.MetricKey) Key {
	return Key{MetricPK(k.Provider, k.Hourly, k.Partition), k.Row}
}

// PoolPK is the leases of a static pool.
func PoolPK(provider string) string { return "POOL#" + provider }

// LeaseKey holds the lease of one host.
func LeaseKey(provider, host string) Key { return Key{PoolPK(provider), leasePrefix + host} }

// TemplateKey holds a template.
func TemplateKey(id string) Key { return Key{TemplatePK, id} }

// TicketKey counts the tickets of a scope.
func TicketKey(scope string) Key { return Key{"TICKET#" + scope, "0"} }

// IdempotencyKey holds what an idempotency key was used for.
func IdempotencyKey(k broker.Key) Key {
	return Key{"IDEM#" + part(k.Principal) + "#" + part(k.Operation) + "#" + k.Key, only}
}

// OperationPK is an operation with all that belongs to it.
func OperationPK(id string) string { return "OP#" + id }

// OperationKey holds the operation itself.
func OperationKey(id string) Key { return Key{OperationPK(id), "META"} }

// IsOperation reports whether k is the row of an operation itself.
func IsOperation(k Key) bool {
	return strings.HasPrefix(k.PK, OperationPK("")) && k.SK == OperationKey("").SK
}

// DecisionKey holds why it went where it went.
func DecisionKey(id string) Key { return Key{OperationPK(id), "DEC"} }

// AttemptKey holds attempt n.
func AttemptKey(id string, n int) Key {
	return Key{OperationPK(id), fmt.Sprintf("%s%04d", attemptPrefix, n)}
}

// OutputKey holds one piece of what is too large for the attempt's own row.
func OutputKey(id string, n, piece int) Key {
	return Key{OperationPK(id), fmt.Sprintf("%s%04d#%03d", outputPrefix, n, piece)}
}

// MachineKey holds a machine.
func MachineKey(id string) Key { return Key{"MACH#" + id, "OWN"} }

// OwnedPK is the machines of a provider that are not in a final status.
func OwnedPK(provider string) string { return "OWNED#" + provider }

// OwnedKey points to one of them.
func OwnedKey(provider, machine string) Key { return Key{OwnedPK(provider), machine} }

// UseKey holds what is reserved of a limit.
func UseKey(scope string) Key { return Key{"USE#" + scope, only} }

// EndedPK is the machines of a provider that have ended, in the open index,
// which has no use for them otherwise.
func EndedPK(provider string) string { return "ENDED#" + provider }

// endedKey is where a machine that has ended stands in the open index.
func endedKey(m *broker.Machine) Key {
	if !m.Status.Final() || m.Provider == "" {
		return Key{}
	}
	return Key{EndedPK(m.Provider), Stamp(m.UpdatedAt) + "#" + m.ID}
}

// ReclaimPK is the machines that providers take back or have lost.
const ReclaimPK = "LOST"

// ReclaimKey holds one of them.
func ReclaimKey(machine string) Key { return Key{ReclaimPK, machine} }

// HostProviderKey holds an instance of a scheduler.
func HostProviderKey(name string) Key { return Key{"HOST#" + name, only} }

// NamePK is the machines of a name that are not in a final status.
func NamePK(name string) string { return "NAME#" + name }

// NameKey points from a machine's name to the machine.
func NameKey(name, machine string) Key { return Key{NamePK(name), machine} }

// OpenShards is how many partitions the open index is spread over.
const OpenShards = 8

// OpenPK is a partition of the open index.
func OpenPK(shard uint32) string { return fmt.Sprintf("OPEN#%d", shard) }

func openPK(id string) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(id)) // a hash.Hash never fails
	return OpenPK(h.Sum32() % OpenShards)
}

// OpenKey is where an open operation stands in the open index.
func OpenKey(id string, due time.Time) Key { return Key{openPK(id), Stamp(due) + "#" + id} }

// OpenUntil is above every sort key of the open index that is due at or
// before t, and below all others.
func OpenUntil(t time.Time) string { return Stamp(t) + "$" } // '$' follows '#'

// stamp is RFC 3339 in UTC with all nine digits: it sorts like time.
const stamp = "2006-01-02T15:04:05.000000000Z"

// Stamp writes t so that it sorts. What is past the year 9999 is written as
// its last nanosecond.
func Stamp(t time.Time) string {
	t = t.UTC()
	if last := time.Date(9999, 12, 31, 23, 59, 59, 999_999_999, time.UTC); t.After(last) {
		t = last
	}
	return t.Format(stamp)
}

// Day is the day of t in UTC.
func Day(t time.Time) string { return Stamp(t)[:len(time.DateOnly)] }
