package ec2test

import (
	"fmt"
	"maps"
	"time"
)

// How long a machine takes to shut down, and is seen after that.
const (
	shutdown = 30 * time.Second
	visible  = time.Hour
	warning  = 2 * time.Minute // before a spot machine is taken back
)

// Machine is one instance.
type Machine struct {
	ID         string
	Token      string // client token of the call that made it
	Type       string
	Image      string
	Subnet     string
	Zone       string
	Market     Market
	UserData   string // base64, as it was sent
	Tags       map[string]string
	Groups     []string
	KeyName    string
	Profile    string
	RootGiB    string
	IMDSv2     bool
	MaxPrice   string
	Fleet      string
	LaunchedAt time.Time
	EndsAt     time.Time // the zero time: nobody ends it
	Reason     string    // why it ends

	boot, lag time.Duration
	number    int
}

// state is the state's name and code at a time.
func (m *Machine) state(now time.Time) (string, int) {
	switch {
	case m.ended(now) && now.Before(m.EndsAt.Add(shutdown)):
		return "shutting-down", 32
	case m.ended(now):
		return "terminated", 48
	case now.Before(m.LaunchedAt.Add(m.boot)):
		return "pending", 0
	}
	return "running", 16
}

func (m *Machine) ended(now time.Time) bool { return !m.EndsAt.IsZero() && !now.Before(m.EndsAt) }

// seen reports whether calls about machines find this one.
func (m *Machine) seen(now time.Time) bool {
	gone := !m.EndsAt.IsZero() && !now.Before(m.EndsAt.Add(shutdown+visible))
	return !now.Before(m.LaunchedAt.Add(m.lag)) && !gone
}

func (m *Machine) ip() string { return fmt.Sprintf("10.0.%d.%d", m.number/250, 4+m.number%250) }

func (m *Machine) pool() Pool { return Pool{m.Type, m.Zone, m.Market} }

// make makes one machine of a launch that was allowed.
func (c *Cloud) make(l *launch, o option) *Machine {
	m := &Machine{
		ID: c.id("i"), Token: l.token, Type: o.kind, Image: o.image, Subnet: o.subnet, Zone: c.stock.subnets[o.subnet].Zone, Market: o.market,
		UserData: o.data["UserData"], Tags: maps.Clone(l.tags), Groups: o.data.list("SecurityGroupId"), KeyName: o.data["KeyName"],
		Profile:  o.data["IamInstanceProfile.Name"] + o.data["IamInstanceProfile.Arn"],
		RootGiB:  o.data["BlockDeviceMapping.1.Ebs.VolumeSize"],
		IMDSv2:   o.data["MetadataOptions.HttpTokens"] == "required",
		MaxPrice: o.maxPrice, Fleet: l.fleet, LaunchedAt: c.now(), boot: c.boot, lag: c.lag, number: c.serial,
	}
	c.machines = append(c.machines, m)
	c.stock.subnets[o.subnet].Free--
	c.give(m.pool(), -1)
	return m
}

// give puts n machines back into the rooms, or takes them.
func (c *Cloud) give(p Pool, n int) {
	if _, bounded := c.rooms[p]; bounded {
		c.rooms[p] += n
	}
	if c.room != nil {
		left := *c.room + n
		c.room = &left
	}
}

// end ends a machine now or later.
func (c *Cloud) end(m *Machine, at time.Time, reason string) {
	if !m.EndsAt.IsZero() && !at.Before(m.EndsAt) {
		return
	}
	if m.EndsAt.IsZero() {
		c.stock.subnets[m.Subnet].Free++
		c.give(m.pool(), 1)
	}
	m.EndsAt, m.Reason = at, reason
}

// Machines returns the machines that exist: those that nobody has ended.
func (c *Cloud) Machines() []Machine {
	c.mu.Lock()
	defer c.mu.Unlock()
	var all []Machine
	for _, m := range c.machines {
		if !m.ended(c.now()) {
			all = append(all, *m)
		}
	}
	return all
}

// Made is how many machines were ever made.
func (c *Cloud) Made() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.machines)
}

// Vanish ends a machine without anybody having asked; it is terminated at once.
func (c *Cloud) Vanish(id string) {
	c.with(func() {
		if m := c.find(id); m != nil {
			c.end(m, c.now().Add(-shutdown), "Server.InternalError: Internal error on launch")
		}
	})
}

// Forget removes a machine without a trace, as an hour after its end.
func (c *Cloud) Forget(id string) {
	c.with(func() {
		if m := c.find(id); m != nil {
			c.end(m, c.now().Add(-shutdown-visible), "forgotten")
		}
	})
}

// Interrupt takes a spot machine back in two minutes, and says when.
func (c *Cloud) Interrupt(id string) (at time.Time) {
	c.with(func() {
		at = c.now().Add(warning)
		if m := c.find(id); m != nil && m.Market == Spot {
			c.end(m, at, "Server.SpotInstanceTermination: Spot instance termination")
		}
	})
	return at
}

func (c *Cloud) find(id string) *Machine {
	for _, m := range c.machines {
		if m.ID == id {
			return m
		}
	}
	return nil
}
