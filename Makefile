# Everything is set up on its own; nothing but Python 3.11 or newer is needed.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PLUGINS := $(wildcard plugins/*/pyproject.toml)
INPUT ?=
ROUNDS ?= 3
MUTANTS ?= 2000
FILES ?= 200
SEED ?= 1
# The sample brings the words of its narrator, a synthetic voice that PocketSphinx hardly understands.
DEMO := pipelines/highlight.yaml examples/media/sample.mp4 --set best_moments.duration=30s --set transcribe.engine=embedded
REMIX := pipelines/full_remix.yaml examples/media/sample.mp4 --set best_moments.duration=12s --set transcribe.engine=embedded

.DEFAULT_GOAL := help
.PHONY: help setup demo test check docs bench hostile fuzz soak schema clean

help:  ## Show what can be made
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

setup: $(READY)  ## Make the environment in .venv

$(READY): pyproject.toml constraints.txt $(PLUGINS)
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[dev]' $(PLUGINS:%/pyproject.toml=-e ./%)
	@touch $(READY)

demo: $(READY)  ## Cut the sample to its best moments, with captions and music, and paint some, in out/
	$(BIN)/aigc-edit plan $(DEMO)
	$(BIN)/aigc-edit run $(DEMO) -o out/
	$(BIN)/aigc-edit run $(REMIX) -o out/

test: $(READY)  ## Run the tests, on up to four cores; those that measure time alone, at the end
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile -m "not alone and not long"
	$(BIN)/python -m pytest -m alone

check: $(READY)  ## Lint, types, floors, committed schema
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy $(dir $(wildcard plugins/*/aigc_edit_*/__init__.py)) docs/hooks.py
	$(BIN)/lint-imports
	$(BIN)/aigc-edit check pipelines/*.yaml

docs: $(READY)  ## Build the pages of docs/ into site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

bench: $(READY)  ## Measure against FFmpeg and Python peers (INPUT=film.mp4 ROUNDS=3)
	$(BIN)/python -m benchmarks.bench --rounds $(ROUNDS) $(if $(INPUT),--input $(INPUT))

hostile: $(READY)  ## Try every broken file of ../shared on the command line (TRY="--only names --warm")
	$(BIN)/python -m tests.hostile --special $(TRY)

fuzz: $(READY)  ## Random damage to small files, random examples for tests (MUTANTS=2000 SEED=1)
	$(BIN)/python -m tests.hostile.fuzz --mutants $(MUTANTS) --seed $(SEED)
	grep -rlE "^from hypothesis" tests plugins --include="test_*.py" | \
	  xargs $(BIN)/pytest -q -n auto --hypothesis-profile exploring

soak: $(READY)  ## Long tests; many files, some hostile, workers and runs killed (FILES=200 SEED=1)
	$(BIN)/python -m pytest -m long
	$(BIN)/python -m tests.soak --files $(FILES) --seed $(SEED)

schema: $(READY)  ## Write pipelines/schema.json anew
	$(BIN)/aigc-edit schema > pipelines/schema.json.part && mv pipelines/schema.json.part pipelines/schema.json

clean:  ## Remove what was made here
	rm -rf $(VENV) out site build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
