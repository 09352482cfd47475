# A site of one pool of hosts, with a cloud behind it. README.md says how to run it.
terraform {
  required_providers {
    ohfp = { source = "openhostfactory/ohfp" }
  }
}

provider "ohfp" {} # OHFP_ENDPOINT and OHFP_TOKEN_FILE say where it is

resource "ohfp_provider" "hall" {
  strategy_name = "hall"
  static = {
    hosts = [for n in range(2) : {
      name       = "node-${n}"
      address    = "127.0.0.1"
      attributes = { ncpus = 4, nram = 8192 }
    }]
    check = { kind = "none" }
  }
}

resource "ohfp_provider" "cloud" {
  strategy_name  = "aws-west"
  priority       = 1
  price_per_hour = 0.1
  max_machines   = 20
  aws = {
    region      = "us-west-2"
    role_arn    = "arn:aws:iam::123456789012:role/ohfp-provider"
    external_id = "broker-1"
  }
}

resource "ohfp_template" "web" {
  template_id = "web"
  attributes  = { ncpus = 2, nram = 4096 }
  user_data   = var.user_data
  overrides = {
    types = { aws = jsonencode({ image = "ami-0123456789abcdef0", machine_types = ["m7i.large"] }) }
  }
}

resource "ohfp_strategy" "this" {
  selection_criteria     = { require_healthy = true }
  circuit_breaker_config = { failure_threshold = 3 }
}

data "ohfp_provider_health" "hall" {
  provider_name = ohfp_provider.hall.strategy_name
}

variable "user_data" {
  type      = string
  sensitive = true
  default   = "#!/bin/sh"
}

output "hall" {
  value = data.ohfp_provider_health.hall.status_message
}
