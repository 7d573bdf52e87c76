# The project's commands; `make` alone lists them. Everything runs in .venv, which uv makes from
# requirements.lock. Made for GNU make 3.81 and later: macOS has no newer one.

# The first of these that is Python 3.11 or newer. To choose: make env PYTHON=/path/to/python3.13
PYTHON = python3 python3.14 python3.13 python3.12 python3.11 python
# Further arguments for the tests: make test ARGS="tests/policy -x"
ARGS =

# A folder of wheels to take everything from, instead of a network; `make wheelhouse` fills one.
WHEELHOUSE =
ifneq ($(WHEELHOUSE),)
ifeq ($(wildcard $(WHEELHOUSE)/*.whl),)
$(error There are no wheels in $(WHEELHOUSE); `make wheelhouse` fetches them, where there is a network)
endif
endif
FROM := $(if $(WHEELHOUSE),--no-index --find-links "$(WHEELHOUSE)")

# What the caller's shell holds for other environments must not reach this one.
unexport PYTHONPATH PYTHONHOME VIRTUAL_ENV CONDA_PREFIX
# Without bytecode every start of Python compiles all that it imports. Where Python may not write it
# as it goes (many container images say so), it is made with the environment, for 16 s of a processor.
COMPILE := $(if $(PYTHONDONTWRITEBYTECODE),--compile-bytecode)
unexport PYTHONDONTWRITEBYTECODE
unexport PIP_TARGET PIP_PREFIX PIP_USER PIP_REQUIRE_VIRTUALENV
unexport UV_PYTHON UV_SYSTEM_PYTHON UV_PROJECT_ENVIRONMENT

# uv: the one on PATH, else one of our own.
OWN_UV := .cache/uv-env/bin/uv
UV := $(shell uv --version >/dev/null 2>&1 && command -v uv || echo $(OWN_UV))

# The stamp says that .venv is what pyproject.toml and requirements.lock ask for, and for which
# folder: the .venv of a checkout that was moved or copied still points at the old one.
ENV := .venv/made-for-$(shell pwd -P | cksum | cut -d' ' -f1)
# A Python that was uninstalled leaves a dangling link behind: made anew.
ifeq ($(wildcard .venv/bin/python),)
.PHONY: $(ENV)
endif

define find_python
python=$$(for python in $(PYTHON); do \
    "$$python" -I -c 'import sys; sys.exit(print(sys.executable) if sys.version_info >= (3, 11) else 1)' \
        2>/dev/null && break; \
done); \
if [ -z "$$python" ]; then \
    echo "Python 3.11 or newer is needed, and none of these is one: $(PYTHON)." >&2; \
    echo "Install one (apt install python3, brew install python), or say where it is:" >&2; \
    echo "    make env PYTHON=/path/to/python3.13" >&2; \
    exit 1; \
fi
endef

.DEFAULT_GOAL := help
.PHONY: help lab test fast soak env notebooks bench mutants conformance check lock editor badges wheelhouse clean

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

lab: env ## the course: opens JupyterLab on notebook 00, in your own copy under my-course/
	@.venv/bin/xacct lab

# In as many processes as there are processors; ARGS="-n0 …" for one, to use a debugger for instance.
PYTEST = .venv/bin/python -m pytest -p tests.startup -n auto

test: env ## all the tests, the notebooks included
	@$(PYTEST) $(ARGS)

fast: env ## what needs no browser, kernel or container tool, in less than a minute
	@$(PYTEST) --hypothesis-profile=fast \
	    -m "not (browser or kernel or tools or slow)" $(ARGS)

# The tests of faults, noise, load and a class, whose size is $XACCT_SOAK times that of `make test`.
SOAK = tests/soak tests/sandbox/test_parsers.py tests/sandbox/test_unknown.py \
    tests/project/test_wheelhouse.py tests/policy/test_who_can.py tests/policy/test_laws.py

soak: env ## faults, noise, load and a class at ten times their size in `make test`
	@XACCT_SOAK=10 .venv/bin/python -m pytest -p tests.startup $(SOAK) $(ARGS)

env: $(ENV) ## .venv with everything in it; nothing to do when it is up to date

notebooks: env ## run the committed notebooks again and rewrite their outputs
	@.venv/bin/python -m tests.notebooks.execute $(ARGS)

bench: env ## speed, each a ratio against a peer measured in the same run
	@.venv/bin/python -m benchmarks $(ARGS)

mutants: env ## change the policy engine in one place at a time: every change must turn a test red
	@.venv/bin/python -m tests.policy.mutants $(ARGS)

conformance: env ## the OCI distribution specification's own program against /v2/ (needs git and Go 1.24)
	@.venv/bin/python -m tests.conformance $(ARGS)

check: env $(filter $(OWN_UV),$(UV)) ## style, types, licences, known vulnerabilities, facts that stand in more than one file
	@.venv/bin/ruff check
	@.venv/bin/ruff format --check
	@.venv/bin/mypy
	@.venv/bin/lint-imports --cache-dir .cache/import-linter
	@.venv/bin/python -m pytest -q tests/project tests/notebooks/test_content.py \
	    -k "test_content or dependencies or lock or layers or changelog or one_home"
	@.venv/bin/python -m tests.project.audit "$(UV)"

lock: $(filter $(OWN_UV),$(UV)) ## requirements.lock from pyproject.toml; newest of all: make lock ARGS=--upgrade
	@$(UV) pip compile --quiet --universal --python-version 3.11 --all-extras \
	    --generate-hashes --no-emit-index-url --no-emit-find-links \
	    --custom-compile-command "make lock" -o requirements.lock $(ARGS) pyproject.toml

# Where the bundle goes; a test makes it again elsewhere and compares.
EDITOR = xacct_helpers/view/static/policy_editor.js

editor: ## the policy editor's ES module from its sources, xacct_helpers/view/editor_src (needs npm)
	@rm -rf .cache/editor/*.js .cache/editor/*.mjs
	@mkdir -p .cache/editor
	@cp xacct_helpers/view/editor_src/* .cache/editor
	@cd .cache/editor && npm ci --silent --ignore-scripts --no-audit --no-fund
	@cd .cache/editor && node build.mjs "$(abspath $(EDITOR))"

badges: env ## README's links to Binder: make badges OWNER=… REPOSITORY=…
	@.venv/bin/python -m tests.project.badges "$(OWNER)" "$(REPOSITORY)"

wheelhouse: env ## wheelhouse/: all wheels for `make env WHEELHOUSE=wheelhouse` without a network
	@mkdir -p wheelhouse
	@rm -f wheelhouse/xacct-*.whl
	@.venv/bin/python -m hatchling build -t wheel -d wheelhouse >/dev/null
	@echo "Fetching the wheels of this system and this Python (about 250 MB) ..."
	@$(UV) tool run --quiet --python .venv/bin/python pip download --quiet \
	    --disable-pip-version-check --only-binary :all: --no-deps -d wheelhouse 'uv>=0.5'
	@$(UV) tool run --quiet --python .venv/bin/python pip download --quiet \
	    --disable-pip-version-check --only-binary :all: --no-deps --require-hashes \
	    -d wheelhouse -r requirements.lock

clean: ## remove .venv and .cache; your course and your lab stay
	@rm -rf .venv .cache

# `uv pip sync` takes an editable project away each time, and hashes rule out `-e .` in the lock:
# so sync first, then the project by itself, with the build backend that the lock holds.
$(ENV): pyproject.toml requirements.lock | $(filter $(OWN_UV),$(UV))
	@$(find_python); \
	echo "Making .venv with $$python (the first time about 230 MB are fetched) ..."; \
	rm -rf .venv; \
	$(UV) venv --quiet --python "$$python" .venv
	@$(UV) pip sync $(FROM) $(COMPILE) --python .venv/bin/python requirements.lock
	@$(UV) pip install --quiet $(FROM) --python .venv/bin/python --no-deps --no-build-isolation -e .
	@touch $@

$(OWN_UV):
	@$(find_python); \
	rm -rf .cache/uv-env; \
	"$$python" -m venv .cache/uv-env >/dev/null 2>&1 || { \
	    rm -rf .cache/uv-env; \
	    echo "$$python cannot make virtual environments. On Debian and Ubuntu: apt install python3-venv" >&2; \
	    exit 1; \
	}; \
	.cache/uv-env/bin/python -m pip install --quiet --disable-pip-version-check \
	    $(FROM) 'uv>=0.5'
