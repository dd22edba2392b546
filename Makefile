# Fortnight: what people type. `make help` lists it.
#
# Needs git, make, Python 3.11 or newer (with venv or pip) and a network; installs nothing outside
# this folder and the user's caches.

PYTHON ?= python3
UV_VERSION := 0.13.9
UV := $(or $(shell command -v uv 2>/dev/null),.cache/uv/bin/uv)
ENVIRONMENT := .venv/.is-as-locked
RUN := .venv/bin
ARGS ?=
JOBS ?= 3
QUIETLY := --quiet --disable-pip-version-check --root-user-action=ignore

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test lint bench bench-maps bench-verify bench-watch clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(ENVIRONMENT) ## the whole system for a minute: real Kafka, S3, a worker, a fleet (ARGS=--keep)
	@$(RUN)/fortnight demo $(ARGS)

test: $(ENVIRONMENT) ## every test, real Kafka and S3 included (ARGS=... for pytest; JOBS=3 at once)
	$(RUN)/pytest --numprocesses $(JOBS) --dist loadfile --no-loadscope-reorder $(ARGS)

lint: $(ENVIRONMENT) ## ruff, mypy and the rules of who may import whom
	$(RUN)/ruff check
	$(RUN)/ruff format --check
	$(RUN)/mypy
	$(RUN)/lint-imports

bench: $(ENVIRONMENT) ## speed beside peers, into build/figures/bench.json
	$(RUN)/fortnight bench $(ARGS)

bench-maps: $(ENVIRONMENT) ## size and speed of the map codecs, into build/figures/maps.json
	$(RUN)/fortnight bench-maps $(ARGS)

bench-watch: $(ENVIRONMENT) ## what watching 1,000 partitions costs, into build/figures/watch.json
	$(RUN)/fortnight bench-watch $(ARGS)

bench-verify: $(ENVIRONMENT) ## verifying 100,000 files: time and memory, into build/figures/verify.json
	$(RUN)/fortnight bench-verify $(ARGS)

clean: ## remove what was built and installed here (downloads in the user's cache stay)
	rm -rf .venv .cache build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	rm -rf .import_linter_cache *.egg-info
	find . -name __pycache__ -prune -exec rm -rf {} +

$(ENVIRONMENT): uv.lock pyproject.toml | $(UV)
	$(UV) sync --locked --quiet
	@touch $@

# uv from PyPI, without root: in a venv, or where Python came without that (Debian), by pip alone.
.cache/uv/bin/uv:
	@echo "uv is not installed: getting it from PyPI, into .cache/uv"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed")'
	@mkdir -p .cache
	@if $(PYTHON) -m venv .cache/uv >/dev/null 2>&1; then \
	  .cache/uv/bin/python -m pip install $(QUIETLY) uv==$(UV_VERSION); \
	elif $(PYTHON) -m pip --version >/dev/null 2>&1; then \
	  rm -rf .cache/uv; \
	  $(PYTHON) -m pip install $(QUIETLY) --target .cache/uv uv==$(UV_VERSION); \
	else \
	  rm -rf .cache/uv; \
	  echo "Python has neither venv nor pip: apt-get install python3-venv, or install uv" >&2; exit 1; \
	fi
