package ec2test

import (
	"fmt"
	"hash/crc32"
	"sync"
	"time"
)

// Market is a way to pay for a machine.
type Market string

// The markets, as the protocol names them.
const (
	OnDemand Market = "on-demand"
	Spot     Market = "spot"
)

// Pool is a kind of machine that a zone may run out of.
type Pool struct {
	Type   string
	Zone   string
	Market Market
}

// Options say what a cloud is. The zero value is us-west-2 of an account.
type Options struct {
	Now     func() time.Time // nil: noon of a day in 2026, which stands still
	Region  string           // "": us-west-2
	Account string           // "": 111122223333
}

// Cloud is one region of one account. All methods are safe for concurrent use.
type Cloud struct {
	mu  sync.Mutex
	now func() time.Time

	region, account string

	stock    stock
	keys     map[string]*accessKey
	roles    map[string]string // ARN → external id that it asks for
	replies  map[string]*reply // by action and client token
	catalog  map[string]*launchTemplate
	machines []*Machine
	rooms    map[Pool]int // how many more; a pool that is not listed is endless
	room     *int         // how many more in all; nil: endless
	quota    map[Market]int
	bucket   bucket
	lag      time.Duration   // until a new machine is seen
	boot     time.Duration   // until a new machine runs
	spot     map[Pool]string // prices per hour; none of a pool that is not listed
	choices  *Error          // every choice of a fleet fails with it; nil: none
	heedless bool            // carries out what is asked for as a dry run
	troubles []*Trouble
	calls    []Call
	serial   int
}

// Call is one request that a cloud was sent.
type Call struct {
	Action string
	Params map[string]string
	DryRun bool
}

// New makes a cloud with the default stock, see [Cloud.AddType] and the like.
func New(o Options) *Cloud {
	if o.Now == nil {
		noon := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
		o.Now = func() time.Time { return noon }
	}
	if o.Region == "" {
		o.Region = "us-west-2"
	}
	if o.Account == "" {
		o.Account = "111122223333"
	}
	return &Cloud{
		now: o.Now, region: o.Region, account: o.Account, stock: newStock(o.Region),
		keys: map[string]*accessKey{KeyID: {}}, roles: map[string]string{}, replies: map[string]*reply{},
		catalog: map[string]*launchTemplate{}, rooms: map[Pool]int{}, quota: map[Market]int{}, spot: map[Pool]string{},
		bucket: bucket{left: bucketSize, at: o.Now()},
	}
}

// Region is the region's name.
func (c *Cloud) Region() string { return c.region }

// Zone is the name of one of the region's zones: a, b or c.
func (c *Cloud) Zone(letter string) string { return c.region + letter }

func (c *Cloud) with(change func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change()
}

// Room says how many more machines a pool has.
func (c *Cloud) Room(p Pool, n int) { c.with(func() { c.rooms[p] = n }) }

// Free makes room for exactly n more machines in all pools together.
func (c *Cloud) Free(n int) { c.with(func() { c.room = &n }) }

// Quota bounds the virtual CPUs of the account's machines of a market.
func (c *Cloud) Quota(m Market, vcpus int) { c.with(func() { c.quota[m] = vcpus }) }

// FailChoices makes every choice of a fleet fail, beside an answer that says
// so; nil ends that.
func (c *Cloud) FailChoices(e *Error) { c.with(func() { c.choices = e }) }

// HeedNoDryRun has dry runs carried out, as some compatible clouds do.
func (c *Cloud) HeedNoDryRun() { c.with(func() { c.heedless = true }) }

// Lag is how long a new machine exists before it is seen. 0 at first.
func (c *Cloud) Lag(d time.Duration) { c.with(func() { c.lag = d }) }

// Boot is how long a new machine is pending. 0 at first.
func (c *Cloud) Boot(d time.Duration) { c.with(func() { c.boot = d }) }

// Calls returns every call so far, or those of one action.
func (c *Cloud) Calls(action string) []Call {
	c.mu.Lock()
	defer c.mu.Unlock()
	var some []Call
	for _, call := range c.calls {
		if action == "" || call.Action == action {
			some = append(some, call)
		}
	}
	return some
}

// id makes the next id of a kind, such as i-4a110b8300000001a: no other region
// or account has it.
func (c *Cloud) id(kind string) string {
	c.serial++
	where := crc32.ChecksumIEEE([]byte(c.region + " " + c.account))
	return fmt.Sprintf("%s-%08x%08x%c", kind, where, c.serial, 'a')
}

// The resource bucket of launches: so many machines at once, so many more each
// second.
const (
	bucketSize   = 1000
	bucketRefill = 2
)

type bucket struct {
	left float64
	at   time.Time
}

// take takes n machines out of the bucket, or says that it holds fewer.
func (b *bucket) take(n int, now time.Time) bool {
	b.left = min(bucketSize, b.left+now.Sub(b.at).Seconds()*bucketRefill)
	b.at = now
	if float64(n) > b.left {
		return false
	}
	b.left -= float64(n)
	return true
}
