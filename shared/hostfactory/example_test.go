package hostfactory_test

import (
	"fmt"

	"github.com/openhostfactory/ohfp/shared/hostfactory"
)

func Example() {
	wish, err := hostfactory.DecodeAcquire([]byte(`{"template": {"templateId": "web", "machineCount": "2"}}`))
	fmt.Println(wish.TemplateID, wish.MachineCount, err)

	status := hostfactory.Fold(hostfactory.Wish{Machines: wish.MachineCount}, []hostfactory.Result{hostfactory.Succeed, hostfactory.Executing})
	fmt.Println(status)
	// Output:
	// web 2 <nil>
	// running
}
