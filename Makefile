# make run   opens the studio, with a worker beside it        make test   the one test command
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export HF_HUB_DISABLE_TELEMETRY := 1

.PHONY: run demo test setup lint types soak bench doctor gpu-check writer
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

# The steps that made the shipped writer (assets/adapters/writer/manifest.json), hours on two cores; the last is in
# build/writer/5, and a step that is there is not run again. Not the same bits: step 1 read the corpus of commit 51323aa
# and knew no points of the brief, step 2 that of e729cc7 (20 texts more than today's). The judged files are the same.
writer: setup
	@test -f build/writer/1/manifest.json || $(BIN)/relate train sft --epochs 2 --rate 0.0005 --seed 0 --out build/writer/1
	@test -f build/writer/2/manifest.json || $(BIN)/relate train sft --epochs 1 --texts 12 --rate 0.0003 --seed 0 --from build/writer/1 --out build/writer/2
	@test -f build/writer/3/manifest.json || $(BIN)/relate train preferences --judged assets/judged/sft.jsonl --rate 0.0003 --seed 0 --from build/writer/2 --out build/writer/3
	@test -f build/writer/4/manifest.json || $(BIN)/relate train preferences --judged assets/judged/points.jsonl --rate 0.0003 --seed 0 --from build/writer/3 --out build/writer/4
	@test -f build/writer/5/manifest.json || $(BIN)/relate train preferences --judged assets/judged/twos.jsonl --rate 0.0002 --seed 0 --from build/writer/4 --out build/writer/5

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
