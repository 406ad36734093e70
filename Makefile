# Every command of the house; each is one line to a script or to cargo.
SHELL := /bin/bash
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# Built engines and fetched models live in the user's cache, so that a second checkout costs seconds.
FOOTNOTE_CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/footnote
export CARGO_TARGET_DIR ?= $(FOOTNOTE_CACHE)/target
export FOOTNOTE_MODELS_DIR ?= $(FOOTNOTE_CACHE)/models

PORT ?= 8080
DATA ?=

.PHONY: help run build portal models test test-rust test-web test-browser eval check lint-deploy fmt

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

check: ## Check formatting, lints, docs, licences, the portal's code and deploy/
	@tests/scripts/check.sh

lint-deploy: ## Check deploy/ with hadolint, the compose schema, systemd-analyze and shellcheck
	@deploy/lint.sh

fmt: ## Format the Rust code
	@cargo fmt --all
