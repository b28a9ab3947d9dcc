# `make run` and `make test` are all that a newcomer needs; they install what is missing.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The pinned versions hold for pip's build environments too. Relative: pip would split a path at its spaces.
PIP := PIP_CONSTRAINT=constraints.txt $(BIN)/python -m pip --disable-pip-version-check install --quiet

# Where Python is told to keep no compiled code (containers do), each start would compile all of Pantoum: a fifth of a second.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: install dev tools kernels run test check format bench clean

install: $(VENV)/.installed
dev: $(VENV)/.installed-dev
# The two parts of it: what must be there to check the code, and kernels compiled for this processor.
tools: $(VENV)/.tools
kernels: $(VENV)/.installed-dev

run: $(VENV)/.installed
	@$(BIN)/pantoum

test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder

check: $(VENV)/.tools
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.installed-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# One after another: two at once would spoil each other's timings. BENCH="--json" for machines.
bench: $(VENV)/.installed-dev
	@for program in tests/bench/[a-z]*.py; do \
	  $(BIN)/python -m tests.bench.$$(basename $$program .py) $(BENCH) || exit 1; done

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Pantoum needs Python 3.11 or newer; found $$($(PYTHON) --version 2>&1). Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@echo "Making $(VENV)"
	@$(PYTHON) -m venv $(VENV) 2>/dev/null || { \
	  rm -rf $(VENV); \
	  $(PYTHON) -m venv --without-pip $(VENV) && $(PYTHON) -m pip --python $(VENV)/bin/python install --quiet pip; }

$(VENV)/.installed: $(BIN)/python pyproject.toml constraints.txt
	@echo "Installing Pantoum into $(VENV) (the first time this takes a few minutes)"
	@$(PIP) -c constraints.txt -e '.[fast]'
	@$(BIN)/python -m engine.compiled.trial
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.tools
	@$(BIN)/python -m engine.compiled.trial
	@touch $@ $(VENV)/.installed

$(VENV)/.tools: $(BIN)/python pyproject.toml constraints.txt
	@echo "Installing Pantoum and its development tools into $(VENV) (the first time this takes a few minutes)"
	@$(PIP) -c constraints.txt -e '.[dev]'
	@touch $@
