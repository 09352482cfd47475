// Command terraform-provider-ohfp is the plug-in by which Terraform and
// OpenTofu keep the providers, templates and strategy of a broker.
package main

import (
	"context"
	"flag"
	"log"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"

	"github.com/openhostfactory/ohfp/infra/terraform/internal/plugin"
)

// version is set by the linker.
var version = "dev"

func main() {
	debug := flag.Bool("debug", false, "wait for a debugger, and say how Terraform reaches this process")
	flag.Parse()
	err := providerserver.Serve(context.Background(), plugin.New(version), providerserver.ServeOpts{
		Address: "registry.terraform.io/openhostfactory/ohfp", Debug: *debug,
	})
	if err != nil {
		log.Fatal(err)
	}
}
