package providers

import "time"

// Discovery is what credentials can see of an account, for who registers it.
type Discovery struct {
	Account        string          `json:"account,omitempty" doc:"Account of the credentials."`
	Identity       string          `json:"identity,omitempty" doc:"Who the credentials are, as the cloud names them."`
	Networks       []Network       `json:"networks" doc:"Networks, the default one first."`
	Subnets        []Subnet        `json:"subnets" doc:"Subnets by network and zone."`
	SecurityGroups []SecurityGroup `json:"security_groups" doc:"Security groups by network and name."`
	KeyNames       []string        `json:"key_names" doc:"Key pairs for SSH."`
	Images         []Image         `json:"images" doc:"Images of the account, the newest first, and the newest that the cloud itself offers."`
	Unseen         []Unseen        `json:"unseen" doc:"What could not be looked at, and why."`
}

// Network is a network of an account.
type Network struct {
	ID      string `json:"id" doc:"Id."`
	Name    string `json:"name,omitempty" doc:"Name, where it has one."`
	Default bool   `json:"default" doc:"Whether machines that name no subnet are in it."`
}

// Subnet is a part of a network in one zone.
type Subnet struct {
	ID      string `json:"id" doc:"Id."`
	Name    string `json:"name,omitempty" doc:"Name, where it has one."`
	Network string `json:"network" doc:"Id of its network."`
	Zone    string `json:"zone" doc:"Zone."`
	Free    int    `json:"free_addresses" doc:"Addresses that are left."`
	Public  bool   `json:"public" doc:"Whether machines get public addresses in it."`
}

// SecurityGroup is a set of rules of a network.
type SecurityGroup struct {
	ID      string `json:"id" doc:"Id."`
	Name    string `json:"name" doc:"Name."`
	Network string `json:"network" doc:"Id of its network."`
}

// Image is what machines can be made from.
type Image struct {
	ID      string    `json:"id" doc:"Id."`
	Name    string    `json:"name" doc:"Name."`
	Own     bool      `json:"own" doc:"Whether it is the account's."`
	Created time.Time `json:"created" doc:"When it was made."`
}

// Unseen is something that could not be looked at.
type Unseen struct {
	What    string `json:"what" doc:"What it is: subnets, security_groups."`
	Message string `json:"message" doc:"Why, and what to do."`
}
