# Everything is set up by the targets themselves; nothing needs to be installed before but
# Python 3.11 or newer with venv, and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The experiment's own place (Thrift and six, shared by all interpreters).
export EINTR_TRACE_LAB ?= $(CURDIR)/.lab

.PHONY: test check demo bench soak matrix paths interpreters clean setup
setup: $(VENV)/.installed

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "eintr-trace needs Python 3.11 or newer: make PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	touch $@

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo 2>/dev/null || $(BIN)/lint-imports

test: check
	$(BIN)/python -m pytest -n 2 --dist loadscope

demo: setup
	@$(BIN)/eintr-trace demo

# What the tool costs; BENCH=-h lists the parts that can be run alone, as in BENCH=hold.
bench: setup
	@$(BIN)/python -m tests.bench $(BENCH)

soak: setup
	@$(BIN)/python -m tests.soak

# Every scenario, interpreter and disposition; MATRIX=-h lists what can be chosen.
matrix: setup
	@$(BIN)/eintr-trace lab matrix -o docs/matrix.md --raw matrix.jsonl $(MATRIX)

# A few calls under every CPython found, single-stepped from EINTR to the decision.
paths: setup
	@$(BIN)/eintr-trace lab paths -o docs/c-paths.md

# CPython 3.14 and 3.15, and PyPy, in a Debian tree below $(EINTR_TRACE_LAB); needs root.
interpreters: setup
	@$(BIN)/eintr-trace lab interpreters

clean:
	rm -rf $(VENV) .lab build dist *.egg-info matrix.jsonl
