# The doors to the project's everyday work. Each target is one script below
# scripts/, where the details are.

SHELL := /bin/sh
.DEFAULT_GOAL := help
BIN := bin/usher

# Settings that a caller may give: make run ARGS="--listen 127.0.0.1:9000"
ARGS ?=
FUZZTIME ?= 30s

.PHONY: help run build test check lint verify compat fidelity bench fuzz clean

help: ## Show this list
	@awk 'BEGIN { FS = ":.*## " } /^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## Set up what is needed and start a development server (ARGS="..." is passed on)
	@./scripts/run.sh $(ARGS)

build: ## Build bin/usher
	@./scripts/build.sh

test: ## Run everything: vet, lint, unit tests with race detection on both databases, compat, browser
	@./scripts/test.sh

check: ## The short loop, under a minute: format, vet, house rules, fast unit tests, lint if installed
	@./scripts/check.sh

lint: ## Run the linters (builds them once into .tools/)
	@./scripts/lint.sh

verify: ## Check that generated files and go.mod are current
	@./scripts/verify.sh

compat: ## Run the official clients and a browser against the built binary
	@./scripts/compat.sh

fidelity: ## Replay recorded exchanges with the real service and print the score (ARGS="..." is passed on)
	@./scripts/fidelity.sh $(ARGS)

bench: ## Measure: Go benchmarks, then the load program's table
	@./scripts/bench.sh $(ARGS)

fuzz: ## Run each fuzz target for FUZZTIME (default 30s)
	@FUZZTIME=$(FUZZTIME) ./scripts/fuzz.sh

clean: ## Remove what the other targets made, apart from the development database
	@rm -rf bin .tools artifacts coverage compat/node_modules
