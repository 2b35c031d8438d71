# A thin front: Meson builds, tools/ does the rest. Every command says what it does.

PYTHON ?= python3
PREFIX ?= /usr/local
MESON = $(shell [ -x .venv/bin/meson ] && echo .venv/bin/meson || echo meson)
SHOP := examples/shop.py

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help build demo test bench lint gates fuzz format clean install packages all-packages interpreters

help: ## this list
	@echo "Pyrometer: where a Python program's time goes. Start with: make demo"
	@echo
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | \
		awk -F'|' '{ printf "%-20s %s\n", $$1, $$2 }'

build: packages ## build/pyrometer, which runs in place
	@[ -f build/build.ninja ] || $(MESON) setup build
	@ninja -C build
	@echo "built: build/pyrometer"

demo: build ## build, profile a slow program, show where its time goes
	@echo "profiling $(SHOP), a slow shop that takes some seconds"
	@rm -f demo.pyro demo.html
	build/pyrometer run -o demo.pyro --html demo.html $(SHOP)
	@[ -s demo.html ] && echo
	@echo "The report: demo.html. Open it in a browser, for instance: xdg-open demo.html"
	@echo "The capture: demo.pyro. Look again with: build/pyrometer report demo.pyro"

test: all-packages interpreters build ## set up all that is needed, and run all tests
	@$(PYTHON) tools/check tests

lint: ## the gates that read or compile, as in CI
	@$(PYTHON) tools/check lint

gates: ## every gate of CI: lint, sanitizers, fuzzing, the wheel
	@$(PYTHON) tools/check lint sanitize fuzz wheel

fuzz: ## each fuzz target for PYROMETER_FUZZ_SECONDS (10)
	@$(PYTHON) tools/check fuzz

bench: build interpreters ## speed and accuracy beside other profilers
	@[ -x bench/run ] || { echo "bench/run is not in this tree" >&2; exit 1; }
	bench/run

format: ## lay out C, Python and TypeScript
	@git ls-files -z --cached --others --exclude-standard -- 'src/*.[ch]' 'tests/*.[ch]' 'bench/*.c' | \
		xargs -0r clang-format -i
	@[ -x .venv/bin/ruff ] || { $(PYTHON) -m venv .venv && .venv/bin/pip install -q -r tools/requirements.txt; }
	@.venv/bin/ruff format --no-cache .
	@[ ! -d web/node_modules ] || npm --prefix web run --silent format

install: build ## into PREFIX (/usr/local); DESTDIR is honoured
	@$(MESON) configure build --prefix=$(PREFIX)
	@$(MESON) install -C build

clean: ## remove what was built; interpreters and .venv stay
	rm -rf build build-check demo.html demo.pyro

packages: ## install missing packages that building needs
	@tools/packages build

all-packages: ## install missing packages that tests and gates need
	@tools/packages test

interpreters: all-packages ## find or set up CPython 3.8 to 3.15
	@tools/interpreters --setup
