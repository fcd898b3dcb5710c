# make run   opens the studio, with a worker beside it        make test   the one test command
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export HF_HUB_DISABLE_TELEMETRY := 1

.PHONY: run demo test setup lint types soak bench doctor gpu-check
.DEFAULT_GOAL := run

$(BIN)/.installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; set PYTHON=python3.11"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check -q --upgrade pip
	$(BIN)/python -m pip install --disable-pip-version-check -e .
	@touch $@

$(BIN)/.installed-test: $(BIN)/.installed
	$(BIN)/python -m pip install --disable-pip-version-check -q -e .[test]
	@touch $@

setup: $(BIN)/.installed
	@$(BIN)/relate setup

run: setup  # one process tree: pages and worker start and end together
	@$(BIN)/relate studio

demo: setup  # examples and simulated results, apart from your own data; `relate demo --remove` deletes it
	@$(BIN)/relate demo

doctor: $(BIN)/.installed
	@$(BIN)/relate doctor

test: $(BIN)/.installed-test
	@$(BIN)/relate setup
	@PYTHON=$(BIN)/python tests/browser.sh
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy relate_engine app db
	$(BIN)/python -m pytest -n 2

gpu-check: $(BIN)/.installed-test
	@$(BIN)/python -m tests.gpu.check

soak: $(BIN)/.installed-test
	$(BIN)/python -m pytest -s tests/soak

bench: $(BIN)/.installed-test
	$(BIN)/python -m tests.benchmarks.decode
	$(BIN)/python -m tests.benchmarks.draft
	$(BIN)/python -m tests.benchmarks.scoring
	$(BIN)/python -m tests.benchmarks.imports
	$(BIN)/python -m tests.benchmarks.grpo
	RELATE_IDLE=1 $(BIN)/python -m pytest -s tests/e2e/test_review.py
