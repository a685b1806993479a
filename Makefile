# `make` alone prints this list.
BEAMLOOP = .venv/bin/beamloop

.PHONY: help setup demo up down status test lint bench
.DEFAULT_GOAL := help

help:  ## print this list
	@sed -n 's/^\([a-z]*\):.*##/\1\t/p' Makefile | expand -t 10

setup:  ## install what is missing: Debian packages, uv, the locked environment
	@sh docker/install_debian.sh
	@sh bin/make_environment

demo: setup  ## start a stack and process a simulated collection end to end
	@$(BEAMLOOP) demo

up: setup  ## start the local stack
	@$(BEAMLOOP) up

down:  ## stop the local stack; its data stay
	@$(BEAMLOOP) down

status:  ## tell how the local stack is
	@$(BEAMLOOP) status

test: setup  ## run all tests
	@sh docker/install_debian.sh tests
	@echo "Tests of parts, in two processes"
	@.venv/bin/pytest -q -n 2 -m "not end_to_end"
	@echo "Tests of the whole, through a real Airflow"
	@.venv/bin/pytest -q -m end_to_end

lint: setup  ## check style, types, layers and spelling
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/lint-imports
	.venv/bin/typos

N ?= 12
PARTS ?= wedges,tasks,idle,clustering,watching,latency,engine,artifacts,uploads,catalogue
bench: setup  ## measure Beamloop beside the plain script: N=12 wedges, PARTS=wedges,tasks,...
	@.venv/bin/python -m tests.benchmarks.bench --wedges $(N) --parts $(PARTS)
