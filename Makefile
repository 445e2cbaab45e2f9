# make setup needs Python 3.11 or newer and a network. It is done once, and again when pyproject.toml or
# constraints.txt change. Without a GPU, half the download is saved by torch's wheels for the processor:
#   export PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PIP := $(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt
TORCH := torch==2.13.0

.DEFAULT_GOAL := help
.PHONY: help setup train test check bench soak constraints clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo "Options go in ARGS, e.g. make train ARGS='--help'; the interpreter in PYTHON, e.g. make setup PYTHON=python3.12"

setup: $(READY)  ## install everything into .venv, a browser included

train: $(READY)  ## train a policy
	$(BIN)/webdual train $(ARGS)

test: $(READY)  ## run the tests, two at a time; what fails is tried once more, and the summary says so
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder --reruns 1 $(ARGS)
	@echo "Next: make train"

check: $(READY)  ## lint, format and types, under a minute
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(READY)  ## measure throughput on this machine
	$(BIN)/webdual bench env $(ARGS)

soak: $(READY)  ## 100,000 random steps over all tasks while processes are killed; ARGS='--minutes 40' ends it sooner
	$(BIN)/webdual soak $(ARGS)

constraints: $(READY)  ## pin the versions that are in .venv now
	@echo "# Exact versions that make setup installs: what the tests last passed with. Written by 'make constraints'." > constraints.txt
	$(BIN)/python -m pip freeze --exclude-editable | grep -v -i '^webdual' | sed 's/+[a-z0-9.]*$$//' >> constraints.txt
	touch $(READY)

clean:  ## remove caches and build products; keeps .venv and runs
	rm -rf build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -not -path './$(VENV)/*' -prune -exec rm -rf {} +

$(READY): pyproject.toml constraints.txt | $(BIN)/pip
	$(PIP) $(TORCH)
	$(PIP) -e '.[dev,vlm]'
	$(BIN)/python -m browser_env.locate --install
	@touch $@

$(BIN)/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "webdual needs Python 3.11 or newer, and $(PYTHON) is $$($(PYTHON) --version 2>&1): make setup PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { \
	  rm -rf $(VENV); \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null; then \
	    apt-get update && apt-get install -y --no-install-recommends python3-venv && $(PYTHON) -m venv $(VENV); \
	  else \
	    echo "$(PYTHON) cannot make a virtual environment: install the package python3-venv, then run make again." >&2; exit 1; \
	  fi; }
