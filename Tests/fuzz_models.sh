#!/usr/bin/env bash
# Reads damaged model files: COUNT files (10,000 by default) of every format that Crossfire reads
# itself, and a tenth as many TorchScript files, which libtorch reads, each in a process of its own.
# docs/security.md has the results.
#
#     Tests/fuzz_models.sh [COUNT]
set -euo pipefail
cd "$(dirname "$0")/.."
count=${1:-10000}
CROSSFIRE_FUZZ=$count swift test --disable-xctest --filter ModelFuzzTests
python3 Tests/fuzz_torchscript.py --count $((count / 10))
