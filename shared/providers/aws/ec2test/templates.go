package ec2test

import (
	"cmp"
	"strconv"
)

type launchTemplate struct {
	id, name string
	tags     map[string]string
	versions []params
}

// AddLaunchTemplate makes a launch template as an operator of the account
// would, and returns its id. Data has the names of the protocol.
func (c *Cloud) AddLaunchTemplate(name string, data map[string]string) (id string) {
	c.with(func() {
		id = c.id("lt")
		c.catalog[name] = &launchTemplate{id: id, name: name, versions: []params{data}}
	})
	return id
}

// DropLaunchTemplates deletes all launch templates.
func (c *Cloud) DropLaunchTemplates() { c.with(func() { clear(c.catalog) }) }

// LaunchTemplates returns the tags of each launch template by its name.
func (c *Cloud) LaunchTemplates() map[string]map[string]string {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := map[string]map[string]string{}
	for name, t := range c.catalog {
		all[name] = t.tags
	}
	return all
}

func (c *Cloud) createLaunchTemplate(p params) (any, error) {
	if err := p.only("LaunchTemplateName", "LaunchTemplateData", "TagSpecification", "ClientToken"); err != nil {
		return nil, err
	}
	if err := c.dryRun(p); err != nil {
		return nil, err
	}
	name := p["LaunchTemplateName"]
	if _, there := c.catalog[name]; there {
		return nil, refuse("InvalidLaunchTemplateName.AlreadyExistsException", "Launch template name already in use.")
	}
	t := &launchTemplate{id: c.id("lt"), name: name, tags: p.tags("launch-template"), versions: []params{p.under("LaunchTemplateData")}}
	c.catalog[name] = t
	type one struct {
		ID      string `xml:"launchTemplateId"`
		Name    string `xml:"launchTemplateName"`
		Latest  int    `xml:"latestVersionNumber"`
		Default int    `xml:"defaultVersionNumber"`
	}
	type out struct {
		Template one `xml:"launchTemplate"`
	}
	return out{one{t.id, t.name, 1, 1}}, nil
}

// named finds a launch template by its id or its name.
func (c *Cloud) named(p params) (*launchTemplate, error) {
	if name := p["LaunchTemplateName"]; name != "" {
		if t, ok := c.catalog[name]; ok {
			return t, nil
		}
		return nil, refuse("InvalidLaunchTemplateName.NotFoundException", "The specified launch template, with template name %s, does not exist.", name)
	}
	for _, t := range c.catalog {
		if t.id == p["LaunchTemplateId"] {
			return t, nil
		}
	}
	return nil, refuse("InvalidLaunchTemplateId.NotFound", "The specified launch template, with template ID %s, does not exist.", p["LaunchTemplateId"])
}

// version is what a launch template says in the version that is asked for.
func (c *Cloud) version(p params) (params, error) {
	t, err := c.named(p)
	if err != nil {
		return nil, err
	}
	switch v := cmp.Or(p["Version"], "$Default"); v {
	case "$Default":
		return t.versions[0], nil
	case "$Latest":
		return t.versions[len(t.versions)-1], nil
	default:
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 || n > len(t.versions) {
			return nil, refuse("InvalidLaunchTemplateId.VersionNotFound", "Could not find the specified version %s for the launch template with ID %s.", v, t.id)
		}
		return t.versions[n-1], nil
	}
}

func (c *Cloud) describeVersions(p params) (any, error) {
	if err := p.only("LaunchTemplateId", "LaunchTemplateName", "LaunchTemplateVersion"); err != nil {
		return nil, err
	}
	t, err := c.named(p)
	if err != nil {
		return nil, err
	}
	data, err := c.version(params{"LaunchTemplateId": t.id, "Version": p["LaunchTemplateVersion.1"]})
	if err != nil {
		return nil, err
	}
	type content struct {
		Image string `xml:"imageId,omitempty"`
		Type  string `xml:"instanceType,omitempty"`
	}
	type one struct {
		ID   string  `xml:"launchTemplateId"`
		Name string  `xml:"launchTemplateName"`
		Data content `xml:"launchTemplateData"`
	}
	type out struct {
		Versions []one `xml:"launchTemplateVersionSet>item"`
	}
	return out{[]one{{t.id, t.name, content{data["ImageId"], data["InstanceType"]}}}}, nil
}
