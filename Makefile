# Every command of the house; each is one line to a script or to cargo.
SHELL := /bin/bash
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# Built engines and fetched models live in the user's cache, so that a second checkout costs seconds.
FOOTNOTE_CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/footnote
export CARGO_TARGET_DIR ?= $(FOOTNOTE_CACHE)/target
export FOOTNOTE_MODELS_DIR ?= $(FOOTNOTE_CACHE)/models
export FOOTNOTE_TEST_SERVERS ?= $(FOOTNOTE_CACHE)/test-servers

PORT ?= 8080
DATA ?=
OPTIONS ?=

.PHONY: help run build portal models test test-rust test-web test-browser eval bench-ingest bench-many bench-fresh kill-test check lint-deploy fmt

help: ## List the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-13s %s\n", $$1, $$2}'

run: ## Build, fetch the models, ingest the sample workspace and serve it (PORT=8080 DATA=~/.cache/footnote/sample)
	@PORT='$(PORT)' DATA='$(DATA)' deploy/scripts/run.sh

build: ## Build the portal and the binary
	@deploy/scripts/build.sh

portal: ## Build the portal into web/dist
	@deploy/scripts/portal.sh

models: build ## Fetch the default models and check their hashes
	@"$(CARGO_TARGET_DIR)/release/footnote" models pull

test: ## Run every test: Rust, portal and browser
	@tests/scripts/test.sh

test-rust: portal ## Run the Rust tests, with a private PostgreSQL
	@tests/scripts/with-postgres.sh cargo test --release --workspace --locked

test-web: ## Run the portal's unit tests and type check
	@tests/scripts/web.sh

test-browser: models ## Run the browser tests against the real binary
	@tests/scripts/e2e.sh

eval: models ## Ask the golden questions and hold the answers to eval/thresholds.toml
	@"$(CARGO_TARGET_DIR)/release/footnote" eval answers --suite eval/suites/sample.jsonl --gate eval/thresholds.toml

bench-ingest: models ## Measure ingesting beside LlamaIndex (DATA=a folder of documents OPTIONS=--json)
	@eval/bench/run.sh ingest '$(DATA)' $(OPTIONS)

bench-many: models ## Measure memory and speed over 100,000 small documents (DATA=a folder of Markdown OPTIONS='--documents 20000')
	@eval/bench/run.sh many '$(DATA)' $(OPTIONS)

bench-fresh: models ## Measure how soon changes at a source show in answers (DATA=a folder of documents OPTIONS='--repetitions 20')
	@eval/bench/run.sh fresh '$(DATA)' $(OPTIONS)

kill-test: models ## Kill 200 syncs at random moments and look for faults (OPTIONS='--runs 50 --seed 7')
	@eval/bench/kill.sh $(OPTIONS)

check: ## Check formatting, lints, docs, licences, the portal's code and deploy/
	@tests/scripts/check.sh

lint-deploy: ## Check deploy/ with hadolint, the compose schema, systemd-analyze and shellcheck
	@deploy/lint.sh

fmt: ## Format the Rust code
	@cargo fmt --all
