# Everything a developer or CI does here. `make` alone lists the targets.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin
PACKAGES := $(wildcard libs/*/pyproject.toml services/*/pyproject.toml cli/pyproject.toml)
FOLDERS := $(dir $(PACKAGES))
SOURCES := $(wildcard libs services cli tests bench conftest.py)
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
	--no-header --no-emit-index-url --no-emit-package parley-contracts --no-emit-package parley-eventlog --no-emit-package parley-identity --no-emit-package parley-access
# The installs: pinned and hashed, then the workspace itself with no resolving and no downloading.
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-10s %s\n", $$1, $$2 }'

.PHONY: run
run: $(VENV)/run.stamp ## Install what is needed and run everything here; Ctrl-C stops it
	@exec $(BIN)/parley up

.PHONY: test
test: $(VENV)/dev.stamp ## Run the whole test suite
	$(BIN)/pytest -n 2

.PHONY: lint
lint: $(VENV)/dev.stamp ## Check style and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

.PHONY: types
types: $(VENV)/dev.stamp ## Check the types
	$(BIN)/mypy $(SOURCES)

.PHONY: imports
imports: $(VENV)/dev.stamp ## Check who may import whom
	$(BIN)/lint-imports

.PHONY: format
format: $(VENV)/dev.stamp ## Format the code and mend what can be mended
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: check
check: lint types imports test ## Run every check and the tests

.PHONY: venv
venv: $(VENV)/dev.stamp ## Install everything for development

.PHONY: lock
lock: $(VENV)/dev.stamp ## Pin the dependencies anew
	$(COMPILE) --upgrade --output-file requirements/run.txt $(PACKAGES) requirements/run.in
	$(COMPILE) --upgrade --constraint requirements/run.txt --output-file requirements/dev.txt \
		$(PACKAGES) requirements/run.in requirements/dev.in

.PHONY: clean
clean: ## Remove what was installed and cached; the data stays
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/run.stamp: requirements/run.txt $(PACKAGES) | $(BIN)/python
	@echo "Installing; this takes a minute the first time"
	@$(INSTALL) --require-hashes --requirement requirements/run.txt
	@$(INSTALL) --no-deps --no-build-isolation $(FOLDERS:%=--editable ./%)
	@touch $@

# The development requirements contain the others at the same versions.
$(VENV)/dev.stamp: requirements/dev.txt $(PACKAGES) | $(BIN)/python
	@echo "Installing; this takes a minute the first time"
	@$(INSTALL) --require-hashes --requirement requirements/dev.txt
	@$(INSTALL) --no-deps --no-build-isolation $(FOLDERS:%=--editable ./%)
	@touch $@ $(VENV)/run.stamp

$(BIN)/python:
	@for python in $${PYTHON:-python3 python3.13 python3.12 python3.11}; do \
		if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			exec $$python -m venv $(VENV); \
		fi; \
	done; \
	echo "Python 3.11 or newer is needed; set PYTHON=/path/to/python3 if it is not on PATH" >&2; exit 1
