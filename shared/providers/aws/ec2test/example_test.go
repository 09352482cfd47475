package ec2test_test

import (
	"fmt"

	"github.com/openhostfactory/ohfp/shared/providers/aws/ec2test"
)

func ExampleCloud() {
	c := ec2test.New(ec2test.Options{Region: "eu-central-1"})
	c.Room(ec2test.Pool{Type: ec2test.TypeLarge, Zone: c.Zone("a"), Market: ec2test.Spot}, 2)
	c.Trouble(ec2test.Trouble{Action: "RunInstances", Lose: true, Times: 1})
	fmt.Println(c.Region(), c.Made())
	// Output: eu-central-1 0
}
