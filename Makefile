# For those who work on Sluice. Users need only ./run and ./test. `make` alone lists what there is.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help build test test-cluster test-real test-asan test-tsan bench bench-quick fuzz format lint package clean

S ?= 30

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile

build: ## build/release/bin/sluice, what users run
	scripts/setup build
	scripts/build release

test: ## everything that must hold: the same as ./test
	./test

test-cluster: ## the end-to-end tests against the four roles, with Redis and PostgreSQL
	scripts/setup test
	scripts/build release
	mkdir -p build/release/reports
	scripts/run-e2e build/release build/release/reports test:cluster

test-real: ## the end-to-end tests against a real language model and a real OpenTelemetry Collector
	scripts/setup test
	scripts/setup real
	scripts/build release
	scripts/real-llm --prepare
	scripts/real-collector
	mkdir -p build/release/reports
	scripts/run-e2e build/release build/release/reports test:real

test-asan: export UBSAN_OPTIONS = halt_on_error=1:print_stacktrace=1
test-asan: export LSAN_OPTIONS = suppressions=$(CURDIR)/tests/leaks_of_libraries:print_suppressions=0
test-asan: ## every test under AddressSanitizer and UndefinedBehaviorSanitizer
	scripts/setup test
	scripts/setup sanitize
	scripts/build asan
	ctest --preset asan --parallel "$$(nproc)"
	mkdir -p build/asan/reports
	scripts/run-e2e build/asan build/asan/reports

test-tsan: ## the unit tests under ThreadSanitizer
	scripts/setup sanitize
	scripts/build tsan
	ctest --preset tsan --parallel "$$(nproc)"

bench: ## every benchmark beside its reference: one table, bench/results/latest.json
	scripts/setup bench
	scripts/build release
	source scripts/environment && bench/run

bench-quick: ## the same in under two minutes
	scripts/setup bench
	scripts/build release
	source scripts/environment && bench/run --quick

fuzz: ## one parser, fed with anything: make fuzz T=<target> S=<seconds>
	scripts/setup sanitize
	scripts/fuzz "$(T)" "$(S)"

format: ## clang-format over every C++ file
	scripts/setup lint
	git ls-files -z '*.cpp' '*.hpp' | xargs -0 clang-format-19 -i

lint: ## clang-tidy over every C++ file
	scripts/setup lint
	scripts/build dev
	run-clang-tidy-19 -quiet -p build/dev "^$(CURDIR)/(apps|bench|fuzz|generation|libs|services|tests)/"

package: build ## build/package/sluice, stripped
	install -D -m 755 build/release/bin/sluice build/package/sluice
	strip build/package/sluice
	@ls -l build/package/sluice

clean: ## remove everything that was built or fetched
	rm -rf build
