# Each target installs what it needs into .venv on first use, and again when pyproject.toml or constraints.txt change.
# The first of these that is Python 3.11, 3.12 or 3.13 is taken; name another one with: make test PYTHON=python3.12
PYTHON ?= python3 python3.13 python3.12 python3.11

# The interpreter below a virtual environment, should one be active: ours must outlive it.
python := $(shell for python in $(PYTHON); do "$$python" -c 'import sys; \
	(3, 11) <= sys.version_info < (3, 14) or sys.exit(1); print(sys._base_executable)' 2>/dev/null && break; done)
version := $(if $(python),$(shell $(python) -c 'import sys; print("%d.%d" % sys.version_info[:2])'))
stamp := .venv/.installed-$(version)
pip := .venv/bin/python -m pip --quiet --quiet --disable-pip-version-check install --constraint constraints.txt

.DEFAULT_GOAL := help
.PHONY: help demo chat eval baseline eval-prompts baseline-prompts eval-assistant assistant-answers test test-endpoint \
	test-kills rehearsal lint bench clean

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile

demo: $(stamp) ## Index the generated demo town and locate its photos
	@.venv/bin/internvl-vpr demo

chat: demo ## Ask about photos of the demo town, one after another
	@.venv/bin/internvl-vpr chat --places demo-town/places

eval: $(stamp) ## Measure the demo town, gate on the committed baseline, write runs/town.html
	@rm -rf runs/town
	@.venv/bin/internvl-vpr eval run town-night town-occlusion town-long-ago --preset embedded \
		--root demo-town/town --places demo-town/places --out runs/town
	@.venv/bin/internvl-vpr eval report runs/town --out runs/town.html
	@.venv/bin/internvl-vpr eval gate runs/town --baseline evals/baseline --junit runs/town.xml

# The prompt that is gated, and how a stand-in for the model is asked about the town: words alone, so that they decide.
prompt := describe_image.v1
asked := $(foreach split,night occlusion long-ago,--split town-$(split)) --preset embedded --verify off --tau -1 --k 10 \
	--root demo-town/town --places demo-town/places --stand-in --out runs/prompts

eval-prompts: $(stamp) ## Gate the prompt for descriptions on its recorded baseline; a stand-in answers
	@rm -rf runs/prompts
	@.venv/bin/internvl-vpr eval prompts describe_image.paper $(prompt) $(asked)
	@.venv/bin/internvl-vpr eval gate runs/prompts/$(prompt) --baseline evals/baseline/vlm --junit runs/prompts.xml
	@echo "A prompt that asks for the wrong thing must be caught:"
	@COLUMNS=200 .venv/bin/internvl-vpr eval prompts $(prompt) evals/baseline/vlm/what-happens.md $(asked) \
		>runs/what-happens.txt; code=$$?; head -n 1 runs/what-happens.txt; \
		test $$code = 1 && head -n 1 runs/what-happens.txt | grep -q '^REGRESSION: .*transient objects' || \
		{ echo "It was not (exit code $$code): see runs/what-happens.txt" >&2; exit 1; }

# $(call keep,FROM,TO): the runs below one folder, packed, take the place of those below the other.
define keep
	@test -e $(1) || { echo "There is no run in $(1): make it first." >&2; exit 1; }
	@rm -rf $(2)/town-*
	@for split in $(1)/*; do \
		to=$(2)/$${split##*/}; mkdir -p $$to; cp $$split/run.json $$to; \
		gzip --no-name --best --stdout $$split/results.jsonl >$$to/results.jsonl.gz; \
		gzip --no-name --best --stdout $$split/descriptions.jsonl >$$to/descriptions.jsonl.gz; \
	done
endef

baseline: ## Make the last run of make eval the one that is gated on
	$(call keep,runs/town,evals/baseline)

baseline-prompts: ## Make the last run of make eval-prompts the one that is gated on
	$(call keep,runs/prompts/$(prompt),evals/baseline/vlm)

# The chat's prompt against itself and against a worse one, with the answers that were recorded for both.
chat-prompt := $(basename $(lastword $(sort $(notdir $(wildcard prompts/assistant.v*.md)))))
recorded := --answers evals/assistant/baseline/answers.jsonl.gz --model stand-in

eval-assistant: $(stamp) ## Compare the chat's prompt with itself and with a worse one, from recorded answers
	@rm -rf runs/assistant
	@.venv/bin/internvl-vpr eval assistant $(chat-prompt) $(chat-prompt) $(recorded) --out runs/assistant/same
	@.venv/bin/internvl-vpr eval assistant $(chat-prompt) evals/assistant/baseline/without-rules.md $(recorded) \
		--out runs/assistant/worse; \
		test $$? = 1 || { echo "The worse prompt was not found to be worse." >&2; exit 1; }

assistant-answers: $(stamp) ## Record the answers that eval-assistant reads, after a change of what is sent
	@cd tests && ../.venv/bin/python -m assistant_stand_in

# The order in which the tests run; pytest by itself draws another one each time, and prints it.
SEED ?= 1
# How many processes share them; each loads the models that its tests need.
WORKERS ?= 2

test: $(stamp) ## Run the tests
	@.venv/bin/python -m pytest -n $(WORKERS) --randomly-seed=$(SEED)

test-endpoint: $(stamp) ## Compile llama-server (once) and run the whole way against it
	@cd tests && ../.venv/bin/python -m endpoint.llama_server >/dev/null
	@ENDPOINT_TESTS=1 .venv/bin/python -m pytest --randomly-seed=$(SEED) tests/endpoint

test-kills: $(stamp) ## Kill a describing run 200 times
	@cd tests && ../.venv/bin/python kills.py 200

rehearsal: $(stamp) ## Serve a tiny model with random weights at the default endpoint
	@cd tests && ../.venv/bin/python -m endpoint.rehearse ../rehearsal

lint: $(stamp) ## Check style, formatting, imports and types
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/lint-imports --no-logo
	.venv/bin/mypy -p internvl_vpr -p bench
	@# From inside: the tests' folders are named as the source's are.
	cd tests && ../.venv/bin/mypy --config-file ../pyproject.toml --cache-dir ../.mypy_cache --explicit-package-bases .

bench: $(stamp) ## Measure speed against plain implementations, side by side
	@.venv/bin/python -m bench

clean: ## Remove .venv, caches and build products; the demo town stays
	rm -rf .venv build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis

# An install that was interrupted leaves no stamp, and is thrown away by the next one.
$(stamp): pyproject.toml constraints.txt
	@test -n "$(python)" || { echo "None of '$(PYTHON)' is Python 3.11, 3.12 or 3.13:" \
		"install one, or name it with make PYTHON=/path/to/python3.12" >&2; exit 1; }
	@test -e $@ || rm -rf .venv
	@rm -f $@
	@echo "Setting up .venv with Python $(version) (some minutes on first use)" >&2
	@$(python) -m venv .venv
	@echo "  installing torch" >&2
	@$(pip) torch
	@echo "  installing internvl-vpr and what it needs" >&2
	@$(pip) --no-build-isolation --editable '.[embedded,heic,dev]'
	@touch $@
