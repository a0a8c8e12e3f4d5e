# The verbs of this project. Each is a thin call; what it does stands in deploy/local.

PYTHON ?= python3

.PHONY: help demo demo-reset test bench fmt tools stack

help: ## List the verbs
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

demo: ## Build and serve a CRM with demo data until Ctrl-C (CHANGKE_DEMO_PORT=8080 CHANGKE_DEMO_CUSTOMERS=20000)
	@$(PYTHON) deploy/local/demo.py

demo-reset: ## Forget the demo's data
	@$(PYTHON) deploy/local/demo.py --reset

test: ## Run every check (STEPS="clippy buf" runs some)
	@$(PYTHON) deploy/local/test.py $(STEPS)

bench: ## Measure against a hand-written server; results in target/bench
	@$(PYTHON) deploy/local/bench.py

fmt: ## Format the Rust code
	@cargo fmt --all

tools: ## Bring everything that the checks need
	@$(PYTHON) deploy/local/tools.py

stack: ## Serve a throw-away Postgres and NATS and print their addresses
	@$(PYTHON) deploy/local/stack.py up
