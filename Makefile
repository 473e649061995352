# Two commands matter: `make run` and `make test`. The rest serves them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PYTHONPATH := $(CURDIR)/site:$(CURDIR)

.PHONY: run test test-fast mutants lint bench chaos translations requirements clean

run: $(VENV)/run.stamp
	@exec $(BIN)/python site/deploy/run.py

test: $(VENV)/test.stamp
	@$(BIN)/python tests/run.py

test-fast: $(VENV)/test.stamp
	@$(BIN)/python tests/run.py --fast

mutants: $(VENV)/test.stamp
	@$(BIN)/python -m tests.mutants $(MUTANTS)

lint: $(VENV)/test.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/djhtml --check templates -t 2
	$(BIN)/lint-imports
	$(BIN)/mypy learning chat home site/config site/deploy
	$(BIN)/python manage.py makemigrations --check --dry-run

bench: $(VENV)/test.stamp
	@$(BIN)/python -m tests.bench

chaos: $(VENV)/test.stamp
	@$(BIN)/python -m tests.chaos $(CHAOS)

translations: $(VENV)/test.stamp
	$(BIN)/python manage.py makemessages -l ru -l fr --no-obsolete --no-wrap --no-location -i .venv -i var -i node_modules
	$(BIN)/pybabel -q compile -D django -d locale

requirements:
	$(BIN)/pip install -q uv
	$(BIN)/uv pip compile -q requirements.in -o requirements.txt --no-header --no-emit-index-url --python-version 3.11
	$(BIN)/uv pip compile -q requirements-dev.in -o requirements-dev.txt --no-header --no-emit-index-url --python-version 3.11

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Parta needs Python 3.11 or newer.")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/run.stamp: requirements.txt | $(BIN)/python
	$(BIN)/pip install -q --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/test.stamp: requirements-dev.txt $(VENV)/run.stamp
	$(BIN)/pip install -q --disable-pip-version-check -r requirements-dev.txt
	@touch $@

clean:
	rm -rf $(VENV) var .mypy_cache .ruff_cache .pytest_cache
