# Two commands matter: `make demo` shows the whole journey, `make test` tests every promise.
# Both work on a fresh clone with Python 3.11 or newer and the package registries.

# Without compiled files, starting Python takes longer than most commands and tests.
unexport PYTHONDONTWRITEBYTECODE

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.stamp

.PHONY: lighthouse demo test test-long wheel lint format serve bench bench-large pages bench-waiting bench-building bench-million bench-scaling bench-ledger bench-sending bench-events bench-start-up bench-studio bench-growing profile fuzz chaos worlds lock i18n screenshots clean

demo: $(STAMP)/run
	@$(BIN)/offerpress demo

# Three workers on two cores, because some tests wait for a time. A file stays in one worker, so what its tests share is
# made once. Files come in the order of their names, because the longest, those of `tests/acceptance`, must not come last.
EACH := -n 3 --dist loadfile --no-loadscope-reorder

test: $(STAMP)/test
	@.ci/install-tools
	$(BIN)/python -m pytest $(EACH) -m "not long" $(PYTEST)

# What `make test` does once or a few times, at length.
test-long: WORLDS = 20000
test-long: TEXTS = 300
test-long: SEEDS = 64
test-long: $(STAMP)/test
	@.ci/install-tools
	$(BIN)/python -m pytest $(EACH) -m long $(PYTEST)
	$(BIN)/python -m tests.reference $(WORLDS)
	$(BIN)/python -m tests.fuzz $(TEXTS)
	$(BIN)/python -m tests.chaos $(SEEDS)

wheel: $(STAMP)/test
	$(BIN)/python -m pytest -q tests/test_wheel.py

lint: $(STAMP)/test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy --explicit-package-bases tests

format: $(STAMP)/test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

serve: $(STAMP)/run
	$(BIN)/offerpress serve

# The minutes are those of an idle machine with two cores. Each part writes a result into docs/benchmarks, and can run by
# itself; `pages` then writes the tables and charts of the docs. AGAINST is another checkout with an environment in .venv,
# such as that of an earlier release. `make bench-building PARTNERS=2000` checks in minutes that all of it works.
bench: bench-waiting profile bench-building bench-sending bench-studio bench-start-up bench-events bench-growing bench-large pages

# 20 minutes of the bench: sites that are larger than most.
bench-large: bench-million bench-scaling bench-ledger

# A second.
pages: $(STAMP)/test
	$(BIN)/python benchmarks/pages.py

# Three minutes, two of them for the earlier checkout.
bench-waiting: PARTNERS = 25000
bench-waiting: $(STAMP)/test
	$(BIN)/python benchmarks/waiting.py --partners $(PARTNERS) --against $(AGAINST) --json docs/benchmarks/waiting.json

# 23 minutes: it installs peers and gives them figures, builds five times beside Hugo, and plans, builds plainly and merges
# three times.
bench-building: PARTNERS = 100000
bench-building: ROUNDS = 5
bench-building: $(STAMP)/test
	$(BIN)/python benchmarks/building.py --partners $(PARTNERS) --rounds $(ROUNDS) --json docs/benchmarks/building.json

# Ten minutes, half of them for the plan.
bench-million: $(STAMP)/test
	$(BIN)/python benchmarks/building.py --partners 1000000 --rounds 1 --alone --json docs/benchmarks/million.json

# Six minutes.
bench-scaling: $(STAMP)/test
	$(BIN)/python benchmarks/scaling.py --json docs/benchmarks/scaling.json

# Four minutes.
bench-ledger: $(STAMP)/test
	$(BIN)/python benchmarks/ledger_scale.py --partners 1000000 --sales 20000000 --subscriptions 300000 \
		--json docs/benchmarks/ledger.json

# One minute.
bench-events: $(STAMP)/test
	$(BIN)/python benchmarks/events.py --events 60000 --json docs/benchmarks/events.json

# Six minutes. Without cards, which Hugo has no equal of; without AGAINST no earlier checkout is measured.
bench-growing: ANNOUNCEMENTS = 200 1000 2000 5000
bench-growing: $(STAMP)/test
	$(BIN)/python benchmarks/growing.py --announcements $(ANNOUNCEMENTS) $(addprefix --against ,$(AGAINST)) --preview \
		--without-cards --json docs/benchmarks/growing.json

# Two minutes: a quarter with 60 partners, the rest with 25,000.
profile: PARTNERS = 60 25000
profile: $(STAMP)/test
	for count in $(PARTNERS); do \
		$(BIN)/python benchmarks/stages.py --partners $$count --json docs/benchmarks/stages-$$count.json || exit 1; \
	done

# One minute.
bench-start-up: $(STAMP)/test
	$(BIN)/python benchmarks/start_up.py --against $(AGAINST) --json docs/benchmarks/start_up.json

# One minute.
bench-studio: $(STAMP)/test
	$(BIN)/python benchmarks/studio.py --json docs/benchmarks/studio.json

# Two minutes.
bench-sending: $(STAMP)/test
	$(BIN)/python benchmarks/sending.py --notices 20000 --json docs/benchmarks/sending.json
	$(BIN)/python benchmarks/preview.py --json docs/benchmarks/preview.json

# Takes two minutes and fetches Lighthouse from npm.
lighthouse: $(STAMP)/test
	$(BIN)/python benchmarks/lighthouse.py --json docs/benchmarks/lighthouse.json

# 10,000 take about an hour. A seed repeats a finding.
fuzz: N = 10000
fuzz: $(STAMP)/test
	$(BIN)/python -m tests.fuzz $(N)
	$(BIN)/python -m tests.fuzz $(N) --tables
	$(BIN)/python -m tests.fuzz $(N) --texts

# 1,000 runs take half an hour.
chaos: N = 1000
chaos: $(STAMP)/test
	$(BIN)/python -m tests.chaos $(N)
	$(BIN)/python -m tests.killing
	$(BIN)/python -m tests.killing --full

# Compares both implementations of the rules on random worlds: 20,000 of each sort in a minute.
worlds: N = 20000
worlds: $(STAMP)/test
	$(BIN)/python -m tests.reference $(N)

# Adds new labels to every catalog, removes unused ones, and checks placeholders and plural forms.
BABEL = $(BIN)/pybabel --quiet
CATALOGS = $(patsubst templates/locale/%.po,%,$(wildcard templates/locale/*.po))

UNTRUE = ^"(Project-Id-Version|Report-Msgid-Bugs-To|POT-Creation-Date|PO-Revision-Date|Last-Translator|Language-Team|Generated-By):

i18n: $(STAMP)/test
	$(BABEL) extract --mapping=pyproject.toml --keywords="plural:1,2 words Published:2" --no-location --output=$(STAMP)/labels.pot .
	@for language in $(CATALOGS); do \
		$(BABEL) update --no-fuzzy-matching --ignore-obsolete --width=120 --input-file=$(STAMP)/labels.pot \
			--locale=$$language --output-file=templates/locale/$$language.po && \
		grep -vE '$(UNTRUE)' templates/locale/$$language.po > $(STAMP)/$$language.po && \
		cp $(STAMP)/$$language.po templates/locale/$$language.po && \
		$(BIN)/pybabel compile --statistics --locale=$$language --input-file=templates/locale/$$language.po \
			--output-file=$(STAMP)/$$language.mo || exit 1; \
	done

screenshots: $(STAMP)/test
	$(BIN)/python docs/images/make_screenshots.py

# The locks hold hashes and no addresses: the machine's own settings decide where packages come from.
LOCK = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--custom-compile-command "make lock"

lock:
	$(PYTHON) -m venv $(VENV) && $(BIN)/pip install --quiet uv
	$(LOCK) pyproject.toml --all-extras --group test --group bench --group lint requirements/build.in -o requirements/test.txt
	$(LOCK) pyproject.toml --constraint requirements/test.txt -o requirements/run.txt
	$(LOCK) requirements/build.in --constraint requirements/test.txt -o requirements/build.txt

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

# The locks are complete, so pip resolves nothing. Old versions of pip would look for newer releases because of an extra.
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check

$(STAMP)/run: requirements/run.txt requirements/build.txt pyproject.toml | $(VENV)/bin/python
	@echo "Installing into $(VENV) …"
	$(INSTALL) --no-deps --require-hashes -r requirements/build.txt -r requirements/run.txt
	$(INSTALL) --no-deps --no-build-isolation --editable .
	@mkdir -p $(STAMP) && touch $@

$(STAMP)/test: requirements/test.txt $(STAMP)/run
	$(INSTALL) --no-deps --require-hashes -r requirements/test.txt
	@mkdir -p $(STAMP) && touch $@

clean:
	rm -rf $(VENV) output build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
