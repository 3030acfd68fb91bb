# Two commands matter: `make run` and `make test`. Both set everything up first; a second time that takes seconds.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8501
export HF_HUB_OFFLINE ?= 1
export TOKENIZERS_PARALLELISM = false

.PHONY: hostile setup setup-dev run test test-slow bench bench-ingest bench-recommend bench-ui hostile lint clean weights

$(VENV)/.installed: requirements.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --progress-bar on -r requirements.txt
	touch $@

$(VENV)/.installed-dev: requirements-dev.txt $(VENV)/.installed
	$(BIN)/python -m pip install --quiet -r requirements-dev.txt
	touch $@

weights: $(VENV)/.installed
	$(BIN)/python -m avrec weights fetch

setup: weights

setup-dev: $(VENV)/.installed-dev weights

run: setup
	$(BIN)/python -m avrec serve --port $(PORT)

test: setup-dev
	scripts/setup-browser
	$(BIN)/python -m pytest --durations=10

test-slow: setup-dev
	scripts/setup-browser
	$(BIN)/python -m pytest -m slow --durations=10

bench: setup-dev
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks

bench-ingest: setup-dev
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks ingest

# AVREC_TIKTOK names a folder with the TikTok micro-videos; without it that table is skipped.
bench-recommend: setup-dev
	OMP_NUM_THREADS=2 $(BIN)/python -m benchmarks.recommenders

# Seconds of the pages in two browsers, idle and while the demo clips come in.
bench-ui: setup-dev
	scripts/setup-browser
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks ui

# Writes the hostile corpus below DIR: `make hostile DIR=/tmp/hostile`, then `python -m avrec ingest /tmp/hostile/files`.
hostile: $(VENV)/.installed-dev
	$(BIN)/python tests/hostile_corpus.py $(DIR)

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check . && $(BIN)/ruff format --check .

clean:
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
