#!/usr/bin/env bash
# Reads many damaged model files: 10,000 for each format that is read here (or as many as the first argument says), and 1,000 of
# TorchScript, which libtorch reads, each in a process of its own. See docs/security.md.
set -euo pipefail
cd "$(dirname "$0")/.."
count=${1:-10000}
CROSSFIRE_FUZZ=$count swift test --disable-xctest --filter ModelFuzzTests
python3 Tests/fuzz_torchscript.py --count $((count / 10))
