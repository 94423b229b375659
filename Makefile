# The two commands of a newcomer are `make run` and `make test`.
.DEFAULT_GOAL := help
SHELL := /bin/bash
export CARGO_INCREMENTAL ?= 0
# Queries are checked against the committed .sqlx; no database is needed to build.
export SQLX_OFFLINE ?= true
TOOLS := node_modules/.installed
WEB_TOOLS := web/node_modules/.installed
WEB := web/dist/.built
WEB_SOURCES := $(shell find web/src web/public web/index.html web/vite.config.ts web/tsconfig.json -type f 2>/dev/null) graphql/schema.graphql

# One set of features for lints and tests, so that nothing is compiled twice; and the program that the tests build with it.
FEATURES := usance-server/crash-points,usance-provider-sdk/tls
UNDER_TEST := $(abspath $(or $(CARGO_TARGET_DIR),target)/debug/usance-under-test)

.PHONY: help run web web-test test ci gen gen-check fmt fmt-check lint bench bench-gas bench-screening doctor
.PHONY: train train-check
.PHONY: evidence governance coverage-contracts slither halmos mutation deep

help: ## This list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort | expand -t 20

$(TOOLS): package-lock.json
	npm ci --ignore-scripts --no-audit --no-fund
	@touch $@

$(WEB_TOOLS): web/package-lock.json
	npm --prefix web ci --ignore-scripts --no-audit --no-fund
	@touch $@

$(WEB): $(WEB_TOOLS) $(WEB_SOURCES) web/package.json scripts/web-pack.mjs
	npm --prefix web run lint
	npm --prefix web run build
	node scripts/web-pack.mjs
	@touch $@

web: $(WEB) ## Check and build the web app that the service serves

run: $(TOOLS) $(WEB) ## Start a marketplace on this machine and print a quoted sample request
	cargo build --package usance-server
	target/debug/usance dev

test: $(TOOLS) $(WEB) ## Every test: contracts, crates, end to end
	@scripts/with-redis.sh --install || [ "$$CI" != true ]
	scripts/contracts-test.sh ci
	scripts/with-postgres.sh cargo test --workspace --features $(FEATURES) --no-fail-fast
	npm --prefix web run types
	npm --prefix web test
	node scripts/web-pack.mjs --budget
	USANCE_BIN=$(UNDER_TEST) scripts/web-test.sh

web-test: $(TOOLS) $(WEB) ## The web app in a browser, against a marketplace on this machine
	cargo build --package usance-server
	scripts/web-test.sh

ci: $(TOOLS) fmt-check lint ## What the pipeline runs
	cargo test --workspace --features $(FEATURES) --no-run
	USANCE_BIN=$(UNDER_TEST) $(MAKE) --no-print-directory gen-check
	$(MAKE) --no-print-directory test governance

fmt: ## Format everything
	cargo fmt --all
	. scripts/contracts-env.sh && "$$FORGE" fmt

fmt-check: $(TOOLS)
	cargo fmt --all -- --check
	. scripts/contracts-env.sh && "$$FORGE" fmt --check

lint:
	cargo clippy --workspace --all-targets --features $(FEATURES) -- -D warnings

gen: $(TOOLS) $(WEB_TOOLS) ## Make the committed generated files again
	scripts/gen.sh

gen-check: $(TOOLS) $(WEB_TOOLS)
	scripts/gen.sh --check
	scripts/contracts-layout.sh --check
	scripts/contracts-gas.sh --check

train: ## Train the risk models (Python 3.11), print their figures
	scripts/train.sh

train-check: ## The committed risk models come out of their training to the byte
	scripts/train.sh --test
	scripts/train.sh --check

bench: $(TOOLS) ## Print the benchmark figures of docs/benchmarks.md
	scripts/bench.sh

bench-gas: $(TOOLS) ## Print gas beside Aave, Morpho Blue and Venus, write docs/gas.md
	scripts/bench-gas.sh

# What an auditor asks for beyond `make ci`; contracts/SECURITY.md says what each shows. Python packages go to target/.
evidence: governance slither coverage-contracts halmos mutation deep ## All evidence on the contracts, for hours

governance: $(TOOLS) ## A Safe upgrades the aggregator through the timelock, on anvil
	scripts/contracts-governance.sh

slither: $(TOOLS) ## Static analysis: every finding is answered in contracts/slither.json
	scripts/contracts-slither.sh

coverage-contracts: $(TOOLS) ## Every line and branch of the contracts is tested
	scripts/contracts-coverage.sh

halmos: $(TOOLS) ## Symbolic proofs of the arithmetic
	scripts/contracts-halmos.sh

mutation: $(TOOLS) ## Faults put into the contracts are found by the tests
	scripts/contracts-mutation.sh

deep: $(TOOLS) ## Invariants of the contracts in 10,000 runs of 64 steps
	scripts/contracts-test.sh deep --match-contract Invariants

bench-screening: ## Screening beside nomenklatura: recall at equal alerts, CPU time (USANCE_AML_DATA)
	scripts/bench-screening.sh

doctor: ## Say what is missing on this machine
	cargo run --quiet --package usance-server -- doctor
