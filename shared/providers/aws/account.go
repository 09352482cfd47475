package aws

import "strings"

// ownedBy notes the account of the machines, which every answer about them
// names; it pays for them.
func (d *Driver) ownedBy(account *string) {
	if str(account) == "" {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.account = *account
}

// owner is the account: as EC2 named it, or as the role's ARN does; "" before
// either is known.
func (d *Driver) owner() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	if parts := strings.Split(d.config.RoleARN, ":"); d.account == "" && len(parts) > 4 {
		return parts[4]
	}
	return d.account
}
