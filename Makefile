PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help install run play test lint types unit clean

help:  ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-9s %s\n", $$1, $$2}'

install: $(INSTALLED)  ## set up .venv and install everything into it

$(INSTALLED): setup.cfg pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; v >= (3, 11) or sys.exit("error: Python 3.11 or newer is needed, this is %d.%d; name another one: make install PYTHON=python3.12" % v)'
	@echo "setting up $(VENV): this downloads torch and the rest, once; a minute or more"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[dev]'
	@touch $@
	@echo "ready: 'make play' plays a learned Pong, 'make run' trains one"

run: install  ## train the quickstart: a Pong that you can play after 5 minutes
	$(BIN)/python experiments/run.py

play: install  ## play the bundled learned Pong beside the true one
	$(BIN)/python -m gameengine.play

test: lint types unit  ## lint, types and tests

lint: install  ## ruff
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: install  ## pyright
	$(BIN)/pyright

unit: install  ## pytest, as many processes as there are cores, one thread each
	OMP_NUM_THREADS=1 NUMBA_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --dist loadfile

clean:  ## remove .venv and caches; runs/ and data/ stay
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis *.egg-info
