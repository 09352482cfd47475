# What can be done here. `make` alone lists it.

SHELL := /usr/bin/env bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules --no-print-directory

GO ?= go
STEP := .ci/step
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
LDFLAGS := -s -w -X main.version=$(VERSION)
LINTER := .cache/golangci-lint
ARCH ?= arm64 amd64
# Some tests compile what they run, which takes minutes where nothing is cached.
PATIENCE := -timeout 30m
FIRST := the first time this takes a minute or two: the SQLite engine is large

.PHONY: sim smoke synth deploy destroy help demo build binaries functions functions-check terraform-provider test test-terraform test-dynamodb bench cost lint fmt openapi check clean

help: ## List what can be done
	@echo "Usage: make TARGET"
	@sed -n 's/^\([a-z][a-z-]*\):.*## \(.*\)/  \1|\2/p' $(firstword $(MAKEFILE_LIST)) | awk -F'|' '{ printf "%-16s %s\n", $$1, $$2 }'

demo: binaries ## Play a whole site on this machine, failures included, and check every step
	@$(STEP) "compiling the demo" $(GO) build -o bin/ohfp-demo ./examples/demo
	@bin/ohfp-demo -bin bin -examples examples

build: binaries functions ## Build bin/ohfp, bin/ohfpd and the functions

binaries: ## Build bin/ohfp and bin/ohfpd
	@mkdir -p bin
	@$(STEP) "compiling ohfp" $(GO) build -trimpath -ldflags "$(LDFLAGS)" -o bin/ohfp ./cmd/ohfp
	@$(STEP) "compiling ohfpd ($(FIRST))" $(GO) build -trimpath -ldflags "$(LDFLAGS)" -o bin/ohfpd ./cmd/ohfpd

functions: ## Build the functions and their zips below build/; ARCH=host for this machine alone
	@for arch in $(ARCH); do $(STEP) "compiling the functions for $$arch" .ci/functions/build "$$arch"; done

functions-check: ## Build the functions twice, in two directories, and hold bytes and sizes
	@$(STEP) "functions: the same bytes again, and their sizes" .ci/functions/check

terraform-provider: ## Build bin/terraform-provider-ohfp
	@mkdir -p bin
	@$(STEP) "compiling the Terraform provider" $(GO) -C infra/terraform build -trimpath -ldflags "$(LDFLAGS)" -o ../../bin/terraform-provider-ohfp .

test-terraform: ## Test the Terraform provider, in Terraform when it is installed, else one loud line
	@$(STEP) "the Terraform provider" $(GO) -C infra/terraform test $(PATIENCE) ./...

test: ## Run every test; what needs Node.js or Java 17 when they are there, else one loud line
	@$(STEP) "go vet ($(FIRST))" $(GO) vet ./... ./.ci/functions/pack
	@$(STEP) "go test" $(GO) test $(PATIENCE) ./... ./.ci/functions/pack
	@$(STEP) "queries of Prometheus" $(GO) -C .ci/promql test $(PATIENCE) ./...
	@$(STEP) "state machines against asl-validator" .ci/asl/check
	@$(MAKE) test-dynamodb

test-dynamodb: ## Test the store, the functions and what they cost on DynamoDB Local (Java 17, npm) or a given endpoint
	@$(STEP) "on DynamoDB" .ci/dynamodb/test

bench: binaries ## Measure what the goals are about, goals beside the figures
	@$(STEP) "compiling the functions for this machine" .ci/functions/build host
	@$(STEP) "compiling the load program" $(GO) build -o bin/ohfp-bench ./bench
	@.ci/dynamodb/with -optional "NOT MEASURED: functions on DynamoDB" bin/ohfp-bench -bin bin

SEEDS ?= 30
sim: ## Play sites in virtual time, SEEDS of each scenario, beside simpler designs; minutes
	@$(GO) test ./bench/sim -count 1 -timeout 2h -sim.seeds $(SEEDS) -sim.peers -v | grep -v '^=== '

cost: ## Price requests on AWS, as the tests count them, beside a textbook build
	@$(GO) run ./bench/cost

smoke: binaries ## Try a broker that serves: ENDPOINT=URL, calls of API Gateway are signed; TEMPLATE=ID makes two machines
	@$(GO) run ./examples/smoke -ohfp bin/ohfp -endpoint "$(ENDPOINT)" -template "$(TEMPLATE)"

CONTEXT ?=
synth: ## Synthesize the stage on AWS into infra/cdk.out, offline; CONTEXT="stage=prod auth=jwt"
	@$(STEP) "synthesizing the stage (the first time CDK compiles for two minutes)" .ci/infra/synth $(addprefix -c ,$(CONTEXT))

deploy: ## Put a stage on AWS, or bring it up to date, after a look at what is in the way; CONTEXT as for synth
	@.ci/infra/deploy $(addprefix -c ,$(CONTEXT))

destroy: ## Remove a stage from AWS but for its table; CONTEXT as for synth
	@.ci/infra/destroy $(addprefix -c ,$(CONTEXT))

lint: $(LINTER) ## Run the linters: style, import table, mistakes
	@$(STEP) "golangci-lint" $(LINTER) run ./... ./.ci/functions/pack
	@$(STEP) "golangci-lint of infra" .ci/infra/lint
	@cd infra/terraform && ../../.ci/step "golangci-lint: the Terraform provider" ../../$(LINTER) run
	@cd .ci/promql && ../step "golangci-lint: queries of Prometheus" ../../$(LINTER) run

fmt: $(LINTER) ## Format the sources as the linters want them
	@$(LINTER) fmt ./...
	@cd infra && ../$(LINTER) fmt ./...

openapi: ## Write docs/openapi.json and the schemas of docs/events anew
	@UPDATE_GOLDEN=1 $(GO) test -count=1 -run "TestOpenAPI|TestEventSchemas" ./shared/catalog

check: ## Do all that CI does
	@CI=true .ci/run

clean: ## Remove what the other targets made
	@rm -rf bin build .cache .ci/asl/node_modules

# Apart from the product's module: a linter's requirements are not a user's.
$(LINTER): .ci/tools/go.mod .ci/tools/go.sum
	@mkdir -p $(@D)
	@cd .ci/tools && ../step "compiling the linter (once, about two minutes)" $(GO) build -trimpath -o ../../$@ github.com/golangci/golangci-lint/v2/cmd/golangci-lint
