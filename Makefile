.DEFAULT_GOAL := help
.PHONY: help run test check fast bench faults docs golden lock explorer

PYTHON ?= python3
BIN := .venv/bin
UV := $(BIN)/uv
STAMP := .venv/.installed
COMMAND := $(BIN)/headway
export HEADWAY_HOME ?= $(CURDIR)/.headway

help: ## Say what there is
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

$(STAMP): requirements.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@test -x $(UV) || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv==0.13.9
	@$(UV) pip sync --quiet --python $(BIN)/python --require-hashes requirements.lock || \
		$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	@touch $@

# The command line, for who activates the environment; it finds what `make run` keeps.
$(COMMAND): $(STAMP) Makefile
	@printf '#!/bin/sh\nexport HEADWAY_HOME="$${HEADWAY_HOME:-%s/.headway}" PYTHONPATH="%s"\nexec "%s/python" -m api "$$@"\n' \
		"$(CURDIR)" "$(CURDIR)" "$(CURDIR)/$(BIN)" > $@
	@chmod +x $@

run: $(COMMAND) explorer ## Start everything, with sample data, on 127.0.0.1:8000
	@exec $(BIN)/python -m api demo

explorer: $(STAMP)
	@$(BIN)/python -m api.explorer_setup --quiet || true

test: $(COMMAND) ## Run the tests, with a PostgreSQL of their own
	@env -u HEADWAY_HOME $(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile \
		--cov domain --cov projections --cov infra --cov api --cov-report term:skip-covered

fast: $(STAMP) ## Run the tests that need no database
	@env -u HEADWAY_HOME $(BIN)/python -m pytest tests/domain tests/examples

check: $(STAMP) ## Format, lint, import contracts, types, dependencies, tests: the gate
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/lint-imports
	$(BIN)/pyright
	$(BIN)/deptry .
	$(BIN)/squawk infra/migrations/*.sql
	$(MAKE) --no-print-directory test

bench: $(STAMP) ## Measure, side by side with a bound and with peers, as ratios
	@env -u HEADWAY_HOME $(BIN)/python -m tests.bench

faults: $(STAMP) ## Kill, cut, fill and rot it, and look whether anything was lost
	@env -u HEADWAY_HOME $(BIN)/python -m pytest tests/faults

docs: $(STAMP) ## Write the reference anew from the code
	@$(BIN)/python -m api.reference_pages docs/reference

golden: $(STAMP) ## Write golden files for shapes that have none yet
	@$(BIN)/python -m tests.golden_files

lock: $(STAMP) ## Resolve the dependencies anew
	@$(UV) pip compile --quiet --universal --generate-hashes --no-strip-extras --no-header --group dev pyproject.toml -o requirements.lock
