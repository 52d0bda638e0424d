#!/usr/bin/env bash
# Tests the Python package with the built command: its own tests, the examples of docs/python.md, the
# notebooks, and the wheel in a fresh virtual environment. Nothing is downloaded.
#
#     make test-python
#     CROSSFIRE_PYTHON=/path/to/python make test-python
#
# CROSSFIRE_PYTHON is a Python with PyTorch, NumPy and pandas; python3 unless given. What needs a
# package that it lacks is skipped with a message.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${CROSSFIRE_PYTHON:-python3}
# One thread, as in all tests.
export OMP_NUM_THREADS=1 PYTHONPATH=$PWD/Python CROSSFIRE_COMMAND=$PWD/.build/release/crossfire
"$python" -W ignore -m unittest discover -s Python/tests -t Python

if ! "$python" -c 'import torch, numpy, pandas' 2>/dev/null; then
  printf 'skipped: %s lacks PyTorch, NumPy or pandas, so the examples, the notebooks and the %s\n' \
    "$python" "wheel were not tested (CROSSFIRE_PYTHON names another Python)"
  exit 0
fi
"$python" -W ignore Tests/python_examples.py docs/python.md docs/notebooks/*.ipynb

unset PYTHONPATH CROSSFIRE_COMMAND
built=$(python3 scripts/libtorch_version.py "$(readlink -f .deps/torch-lib)/../include")
found=$("$python" -c 'import torch; print(torch.__version__)')
if [ "${built%.*}" != "$(cut -d. -f1,2 <<<"$found")" ]; then
  printf 'skipped: the wheel is for PyTorch %s, and %s has %s\n' "$built" "$python" "$found"
  exit 0
fi
scripts/wheel.sh
Tests/wheel.sh "$python" dist/crossfire-*.whl
