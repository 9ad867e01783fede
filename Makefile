# Each target is one line that a person could type. `make setup`, `make serve` and `make test` need nothing
# but python3 (3.11 or newer, with its venv module), git and make. Where there is no Node with npm, `make setup`
# says that tests of generated clients and of one linter are left out.
PYTHON = python3
PORT = 6543
INI = development.ini

.PHONY: serve setup test accept fuzz bench lint audit sbom format deps vendor wheels clean

serve:     ## the demonstration shop on http://localhost:6543
	@$(PYTHON) requirements/install.py serve && exec .venv/bin/python -m demo $(INI) $(PORT)

setup:     ## the virtual environment: locked packages, test tools and their npm packages, all distributions editable
	@$(PYTHON) requirements/install.py test

test: setup  ## every test, with branch coverage of platform/
	@sh .ci/servers && .venv/bin/python -m pytest -n 2 --dist loadgroup --cov --cov-report=term:skip-covered

accept: setup  ## the long forms of the tests on real data; their figures go to docs/acceptance.md
	@sh .ci/servers && TALATAT_ACCEPT=1 .venv/bin/python -m pytest tests/accept

fuzz: setup  ## fifty random requests an operation as every role, and the hostile ones in large numbers
	@sh .ci/servers && TALATAT_ACCEPT=1 .venv/bin/python -m pytest tests/accept/test_fuzzing.py tests/hostile

bench:     ## Talatat beside its peers, a quarter of an hour; FULL=1 takes an hour and a half; figures go to docs/performance.md
	@$(PYTHON) requirements/install.py bench && exec var/bench/venv/bin/python -m bench $(if $(FULL),--full)

lint: setup  ## style, types, import rules
	@.venv/bin/ruff check . && .venv/bin/ruff format --check . && .venv/bin/mypy && .venv/bin/lint-imports

audit: setup  ## known holes in what requirements/serve.txt locks, by hash (needs network)
	@.venv/bin/pip-audit --requirement requirements/serve.txt --require-hashes --disable-pip --strict --progress-spinner off

sbom: setup  ## what a system runs with, and under which licences, as CycloneDX in var/sbom.json
	@.venv/bin/python requirements/sbom.py var/sbom.json

format: setup  ## write the code as `make lint` wants it
	@.venv/bin/ruff check --fix . ; .venv/bin/ruff format .

deps: setup  ## lock again, with the newest versions that the distributions allow
	@.venv/bin/python requirements/lock.py --upgrade

vendor: setup  ## fetch the OpenAPI user interface of /docs again, as its vendored.json says (needs npm)
	@.venv/bin/python requirements/vendor.py

wheels: setup  ## wheels of all distributions in var/wheels
	@.venv/bin/python requirements/wheels.py var/wheels

clean:     ## take away all that is made: environment, databases, caches
	@rm -rf .venv var build dist tests/clients/node_modules .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage*
