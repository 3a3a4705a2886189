# Everything happens in .venv; a second `make setup` does nothing.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.complete
# Of the tests; some wait for servers and processes, so one more than there are cores may be quicker.
WORKERS ?= auto

.PHONY: setup demo test types suite bundles lock audit sbom base clean

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Dragoman needs Python 3.11 or newer; say which with: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --no-compile --constraint constraints.txt --editable '.[ray,serve,train]' --group dev
	@# pip compiles on one core, and the packages' own tests too; what is no Python, such as templates, stays as it is.
	@$(BIN)/python -m compileall -qq -j 0 -x '/tests/' $(VENV)/lib >/dev/null || true
	@touch $(STAMP)

demo: setup
	$(BIN)/dragoman demo

# The types are checked while the tests run. Tests start a hundred processes: what they import is compiled once, whatever
# the environment says.
test: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	@$(MAKE) --no-print-directory --jobs 2 types suite

types: setup
	$(BIN)/pyright

suite: setup
	PYTHONDONTWRITEBYTECODE= OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder

bundles: setup
	$(BIN)/python tools/make_bundles.py

# What is needed to release, apart from what is needed to work.
RELEASE := build/release

$(RELEASE)/.complete: pyproject.toml
	@test -x $(RELEASE)/bin/python || $(PYTHON) -m venv $(RELEASE)
	$(RELEASE)/bin/python -m pip install --quiet 'pip>=25.1'
	$(RELEASE)/bin/python -m pip install --quiet --group release
	@touch $@

LOCK = $(RELEASE)/bin/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-annotate \
	--override requirements/without-torch.txt --custom-compile-command 'make lock' --quiet --upgrade

lock: $(RELEASE)/.complete
	$(LOCK) --output-file requirements/base.txt
	$(LOCK) --extra train --extra serve --output-file requirements/train.txt

audit: $(RELEASE)/.complete
	$(RELEASE)/bin/pip-audit --disable-pip --require-hashes -r requirements/base.txt
	$(RELEASE)/bin/pip-audit --disable-pip --require-hashes -r requirements/train.txt

sbom: $(RELEASE)/.complete
	@mkdir -p dist
	$(RELEASE)/bin/cyclonedx-py requirements requirements/train.txt --pyproject pyproject.toml --output-reproducible \
		--of JSON --output-file dist/sbom.json

base:
	$(PYTHON) tools/base_install.py

clean:
	rm -rf $(VENV) demo build dist
