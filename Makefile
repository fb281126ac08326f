# Sellerbeat. Needs Python 3.11+, make and a package index; everything else is installed into .venv.
PYTHON ?= python3
BIN := .venv/bin
SECONDS ?=
SEEDS ?=

.PHONY: setup demo tour up check quick test test-clients test-system lint docs bench pictures pacing chaos lock sbom audit clean

setup: .venv/ready

# each file with its hash, and none that would have to be built here
INSTALL := $(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: --requirement

.venv/ready: requirements/dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Sellerbeat needs Python 3.11 or newer; name one: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -m demo_stack.demo.setup
	@touch $@

demo: setup ## all of it on this machine, against a simulated eBay; SECONDS=60 ends by itself
	@$(BIN)/python demo.py $(if $(SECONDS),--seconds $(SECONDS))

tour: setup ## a sale, its change, its signed webhook, a kill -9, and nothing lost: a step a key press, in two minutes
	@$(BIN)/python -m demo_stack.demo.tour

up: setup ## the same against the eBay that .env names
	@$(BIN)/python demo.py --real

check: lint test ## what must pass before a change lands

quick: lint ## in the middle of work: lint, types and what needs no server
	$(BIN)/python -m pytest --numprocesses 3 $(addprefix tests/,test_house.py test_house_rules.py domain)

test: setup
	$(BIN)/python -m pytest --numprocesses 4 --dist loadfile --no-loadscope-reorder

test-system: setup ## what needs Chromium, Prometheus, pgbouncer, Temporal's own server or older versions (git), and benchmarks of processes: says what is missing
	@$(INSTALL) requirements/system.txt
	$(BIN)/python -m pytest tests/system

test-clients: setup ## the client in TypeScript, as apps install it; needs Node 18.19+ with npm, and says so
	$(BIN)/python -m pytest tests/system/typescript

docs: setup ## the reference in docs/, from the code
	@$(BIN)/python docs/generate.py

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: setup
	$(BIN)/python -m lab.benchmarks $(PART) $(if $(EVENTS),--events $(EVENTS))

pictures: setup ## take the pictures in docs/ anew, of page and Web UI; needs Chromium
	@$(INSTALL) requirements/system.txt
	@$(BIN)/python -m deploy.pictures

pacing: setup ## days of whole fleets in seconds: this policy beside others and the least possible
	@$(BIN)/python -m lab.fleets $(if $(SEEDS),--seeds $(SEEDS))

chaos: setup ## crashes, dead servers and a hostile eBay, counted (some 20 minutes), then the longer trials of the tests; PART=name for one part alone
	$(BIN)/python -m lab.chaos $(PART)
	$(if $(PART),,EXAMPLES=400 MODEL_EXAMPLES=40 $(BIN)/python -m pytest --numprocesses 3 -m "repeats or not repeats" $(addprefix tests/,activities api catalogue clients console deliveries demo_stack/demo/test_screen.py demo_stack/devstack/test_lifetime.py domain ebay lab/fleets model outbound serving simulator store test_settings.py web workflows))

# what makes and looks at the lists of packages, apart from what runs
SUPPLY := build/supply/bin
build/supply/ready: requirements/supply.txt
	@$(PYTHON) -m venv build/supply
	@$(SUPPLY)/pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: --requirement requirements/supply.txt
	@touch $@

LOCK := $(SUPPLY)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --quiet
lock: build/supply/ready ## requirements/*.txt anew, from pyproject.toml and constraints.txt: every version with the hashes of its files
	$(LOCK) --constraint constraints.txt --extra otel --output-file requirements/runtime.txt pyproject.toml
	$(LOCK) --constraint constraints.txt --extra otel --extra dev --output-file requirements/dev.txt pyproject.toml
	$(LOCK) --constraint constraints.txt --extra otel --extra dev --extra system --output-file requirements/system.txt pyproject.toml
	$(LOCK) --output-file requirements/supply.txt requirements/supply.in

sbom: build/supply/ready ## what the image holds of others (CycloneDX), to build/sbom.json
	@$(SUPPLY)/cyclonedx-py requirements --output-reproducible --pyproject pyproject.toml --output-file build/sbom.json requirements/runtime.txt
	@echo build/sbom.json

audit: build/supply/ready ## known vulnerabilities of what the image holds, where the advisories of PyPI can be reached
	@$(SUPPLY)/pip-audit --strict --require-hashes --disable-pip --requirement requirements/runtime.txt

clean: ## forget the demo's sellers, changes and history; what `make up` keeps stays
	@find .sellerbeat -mindepth 1 -maxdepth 1 ! -name real -exec rm -rf {} + 2>/dev/null || true
