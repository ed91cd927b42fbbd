# SPDX-License-Identifier: BSD-3-Clause
# Everything needs only Python 3.11 with venv, and make: the tools come from PyPI into .venv.

PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
PYNQ_STAMP := .venv-pynq/.installed
BITSTREAM_STAMP := .venv/.bitstream
STREAMS ?= 100000
FIRMWARE := $(filter-out %/board_map.h %/core_bridge.h,$(wildcard firmware/src/*.[ch]))

.PHONY: help setup demo test test-slow test-pynq test-bitstream mutations lint map firmware bitstream formal safety bench wheel clean

help:               ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## */\t/' | expand -t 14

setup: $(STAMP)     ## make .venv with everything that the other targets need

$(STAMP): pyproject.toml
	$(PYTHON) -c 'import sys; assert sys.version_info >= (3, 11), "Python 3.11 or later is needed"'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@

demo: setup         ## the main job: ESGNN on MUTAG, on the simulated board and its twin
	$(BIN)/ohmloop demo

test: setup         ## the tests (OHMLOOP_DATA: folder of the public data sets)
	$(BIN)/python -m pytest -m "not slow and not board"

test-slow: setup    ## the longer tests
	$(BIN)/python -m pytest -m "slow and not board" --timeout 1800 $(SLOW_FLAGS)

test-pynq: $(PYNQ_STAMP)  ## boards beside a processor, through the real pynq 4.0 in its own environment
	.venv-pynq/bin/python -m pytest tests/zynq -W default --timeout 900

$(PYNQ_STAMP): pyproject.toml
	$(PYTHON) -c 'import sys; assert sys.version_info < (3, 13), "pynq 4.0 needs Python 3.11 or 3.12"'
	$(PYTHON) -m venv .venv-pynq
	.venv-pynq/bin/python -m pip install --quiet --disable-pip-version-check -e '.[sim,pynq]' pytest pytest-timeout
	@touch $@

test-bitstream: $(BITSTREAM_STAMP)  ## the Tang Nano 20K placed and routed at its clock (a quarter of an hour alone on a core)
	$(BIN)/python -m pytest tests/fpga/test_boards.py -k tang_nano_is_placed --timeout 5400

$(BITSTREAM_STAMP): $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[bitstream]'
	@touch $@

mutations: setup    ## the tests' own strength: each listed break must be seen
	$(BIN)/python tests/mutate.py

lint: setup         ## style, types, import directions, RTL lint, generated files
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python fpga/map/generate.py --check
	$(BIN)/python firmware/build.py --check > /dev/null
	$(BIN)/python fpga/lint.py
	$(BIN)/python fpga/boards/build.py --check
	$(BIN)/clang-format --dry-run -Werror $(wildcard fpga/sim/*.cpp fpga/sim/*/*.cpp fpga/sim/*.h) $(FIRMWARE) tests/firmware/recording.c $(wildcard tests/safety/*.cpp tests/safety/*.h)

map: setup          ## regenerate what the SystemRDL map gives
	$(BIN)/python fpga/map/generate.py

firmware: setup     ## the soft core's image: size, worst-case stack, and the Verilog that holds it
	$(BIN)/python firmware/build.py

bitstream: $(BITSTREAM_STAMP)  ## BOARD=ulx3s_85f: its bitstream and report in build/BOARD (docs/boards.md)
	$(BIN)/python fpga/boards/build.py $(BOARD) --keep $(BITSTREAM_FLAGS)

formal: setup       ## every proof
	$(BIN)/python fpga/formal/run.py

safety: setup        ## random streams against the board: nothing above the locked limits is driven
	$(BIN)/python tests/safety/search_bench.py --streams $(STREAMS) --jobs 2
	$(BIN)/python tests/safety/search_bench.py --mutants --streams 16384

bench: setup        ## the benchmarks: ratios in the same run
	@for b in benchmarks/*.py; do echo "== $$b"; $(BIN)/python $$b || exit 1; done

wheel: setup        ## the wheel, with the RTL inside
	$(BIN)/python -m build --wheel --outdir dist .

clean:              ## remove what was built, keep the environments
	rm -rf build dist report .pytest_cache .mypy_cache .ruff_cache .hypothesis
