# `make ablation` answers a question, `make test` checks the project; both make .venv first.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
EXPERIMENT ?= experiments/quickstart.yaml
TORCH := $(shell sed -n 's/^ *"\(torch==[^"]*\)",/\1/p' pyproject.toml)

.PHONY: ablation test lint types unit calibration golden benchmark schema embedded clean

ablation: $(VENV)/installed  ## run the main job on the embedded default
	$(BIN)/harness ablation $(EXPERIMENT)

test: lint types unit  ## everything CI checks

lint: $(VENV)/installed-dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(VENV)/installed-dev
	$(BIN)/mypy

unit: $(VENV)/installed-dev
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 --dist worksteal

calibration: $(VENV)/installed-dev  ## error rates of the intervals, into docs/calibration.md (a minute)
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.reports.statistics.calibration docs/calibration.md

golden:  ## reference values by R (Debian: r-base-core, r-cran-{lme4,lmertest,pbkrtest,coin,jsonlite})
	Rscript tests/golden/make_crossed.R > tests/golden/crossed.json
	Rscript tests/golden/make_tests.R > tests/golden/tests.json

benchmark: $(VENV)/installed-dev  ## a report of 12 runs on SQuAD's size, the playground under 20 users (three minutes)
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.report
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.playground

schema: $(VENV)/installed  ## the editors' schema of experiment files
	$(BIN)/harness schema > experiments/experiment.schema.json

embedded: $(VENV)/installed  ## remake the embedded data set and base model (20 CPU minutes)
	$(BIN)/python -m recipes.embedded.dataset
	OMP_NUM_THREADS=1 $(BIN)/python -m recipes.embedded.pretrain

# Torch first and alone: left to the resolver it may bring several GB of CUDA packages.
$(VENV)/installed: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing the pinned dependencies into $(VENV): about 2 GB, some minutes the first time"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(TORCH)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	touch $@

$(VENV)/installed-dev: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

clean:
	rm -rf $(VENV) results build *.egg-info
