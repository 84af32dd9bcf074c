# brownout's tasks; `make help` lists them.

CARGO ?= cargo
# Where `make install` puts the binary: PREFIX/bin, or cargo's own place.
PREFIX ?=
SCHEMA := schema/scenario.schema.json

.DEFAULT_GOAL := check
.PHONY: check build test lint fmt doc bench bench-smoke schema schema-check reference demo ci clean install help

check: lint test ## what a change must pass: lint and test

build: ## build the binary for development
	$(CARGO) build --locked

test: ## run all tests, after bringing the programs that they drive
	tests/bring-packages
	$(CARGO) test --locked

lint: ## formatting and clippy
	$(CARGO) fmt --check
	$(CARGO) clippy --locked --all-targets -- -D warnings

fmt: ## format the code
	$(CARGO) fmt

doc: ## build the API documentation, without a warning
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --no-deps

bench: ## run the benchmarks
	$(CARGO) bench --locked

bench-smoke: ## run each benchmark once, in the profile of the tests
	$(CARGO) test --locked --benches

schema: ## make the JSON Schema of scenario files anew
	mkdir -p $(dir $(SCHEMA))
	$(CARGO) run --locked --quiet -- schema > $(SCHEMA).new || { rm -f $(SCHEMA).new; exit 1; }
	mv $(SCHEMA).new $(SCHEMA)

schema-check: ## is the committed JSON Schema the one that the code makes?
	$(CARGO) run --locked --quiet -- schema | diff -u $(SCHEMA) - || { echo "run: make schema" >&2; exit 1; }

reference: ## make the references of faults and of detectors anew
	for kind in faults detectors; do \
	  $(CARGO) run --locked --quiet -- $$kind --markdown > docs/$$kind.md.new || { rm -f docs/$$kind.md.new; exit 1; }; \
	  mv docs/$$kind.md.new docs/$$kind.md || exit 1; \
	done

demo: ## see what brownout is about, in under a minute
	$(CARGO) run --locked --quiet -- demo

ci: ## everything that a change is judged by, as CI runs it
	.ci/run

clean: ## delete what was built
	$(CARGO) clean

install: ## install the binary, optimised
	$(CARGO) install --locked --path . $(if $(PREFIX),--root $(PREFIX))

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
