# Crossfire's chores. `make demo` and `make test` do all of their own set-up.
SHELL := /bin/bash
PREFIX ?= $(HOME)/.local
OUT ?= crossfire-demo

DEPS := $(CURDIR)/.deps
export PKG_CONFIG_PATH := $(DEPS)/pkgconfig:$(PKG_CONFIG_PATH)
# One configuration for the command and the tests: the C++ target then compiles once.
SWIFT_FLAGS = -c release -Xswiftc -enable-testing \
  -Xlinker -rpath -Xlinker '$$ORIGIN/../lib/crossfire' -Xlinker -rpath -Xlinker "$$(readlink -f $(DEPS)/torch-lib)"
CROSSFIRE = .build/release/crossfire

.PHONY: setup build demo test bench bench-peers fuzz format lint install clean

setup:
	@scripts/setup.sh

build: setup
	@swift build $(SWIFT_FLAGS)

demo: build
	@$(CROSSFIRE) run Experiments/quick.yaml --out $(OUT)

# A build for tests has flags of its own, so a build without them first would be done twice.
test: setup lint
	@swift build --build-tests $(SWIFT_FLAGS)
	@OMP_NUM_THREADS=1 swift test --skip-build $(SWIFT_FLAGS) --disable-xctest

bench: build
	@.build/release/crossfire-bench

bench-peers: build
	@scripts/peers.sh
	@.deps/peers/python/bin/python Benchmarks/peers.py

fuzz: build
	@Tests/fuzz.sh

format:
	@swift format --in-place --recursive --parallel Package.swift Sources Attacks Defenses Reports Benchmarks Tests

lint:
	@swift format lint --strict --recursive --parallel Package.swift Sources Attacks Defenses Reports Benchmarks Tests

install: build
	@scripts/install.sh "$(PREFIX)"

clean:
	@rm -rf .build $(OUT)
