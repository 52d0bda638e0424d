# Builds, tests and installs Crossfire. Every command does the set-up that it needs.
SHELL := /bin/bash
PREFIX ?= $(HOME)/.local
OUT ?= crossfire-demo

DEPS := $(CURDIR)/.deps
export PKG_CONFIG_PATH := $(DEPS)/pkgconfig:$(PKG_CONFIG_PATH)
# The command and the tests are built with the same flags, so that one build serves the other: after
# `make build`, `make test` compiles the test targets and nothing else. This is why the command is
# built with -enable-testing too. Without it, all Swift modules would be compiled twice.
SWIFT_FLAGS = -c release -Xswiftc -enable-testing \
  -Xlinker -rpath -Xlinker '$$ORIGIN/../lib/crossfire' \
  -Xlinker -rpath -Xlinker "$$(readlink -f $(DEPS)/torch-lib)"
SWIFT_SOURCES = Package.swift Sources Attacks Certificates Explanations Defenses Reports Benchmarks Tests
CROSSFIRE = .build/release/crossfire

.PHONY: setup build demo test test-python bench bench-peers fuzz format lint install wheel clean

setup:
	@scripts/setup.sh

build: setup
	@swift build $(SWIFT_FLAGS)

demo: build
	@$(CROSSFIRE) run Experiments/quick.yaml --out $(OUT)

# One thread per operation, since many tests run at the same time.
test: setup lint
	@swift build --build-tests $(SWIFT_FLAGS)
	@OMP_NUM_THREADS=1 swift test --skip-build $(SWIFT_FLAGS) --disable-xctest

# Skips what this machine has no Python packages for, and says so.
test-python: build
	@Tests/python.sh

bench: build
	@.build/release/crossfire-bench

bench-peers: build
	@scripts/peers.sh
	@.deps/peers/python/bin/python Benchmarks/peers.py

fuzz: build
	@Tests/fuzz.sh

format:
	@swift format --in-place --recursive --parallel $(SWIFT_SOURCES)

lint:
	@swift format lint --strict --recursive --parallel $(SWIFT_SOURCES)

install: build
	@scripts/install.sh "$(PREFIX)"

wheel: build
	@scripts/wheel.sh

clean:
	@rm -rf .build dist $(OUT)
