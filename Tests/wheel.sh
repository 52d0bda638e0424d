#!/usr/bin/env bash
# Installs the wheel into a fresh virtual environment, whose PyTorch is in another folder of packages,
# and uses it there as a newcomer would: from an empty folder, without a file written by hand.
#
#     Tests/wheel.sh PYTHON WHEEL
#
# PYTHON has PyTorch, NumPy and pandas. Nothing is downloaded.
set -euo pipefail
python=$1
wheel=$(readlink -f "$2")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
say() { printf "%s: %s s\n" "$1" "$(python3 -c "print(round(($(date +%s%N) - $start) / 1e9, 1))")"; }

start=$(date +%s%N)
"$python" -m venv --without-pip "$folder/venv"
say "a virtual environment"
packages=$("$folder/venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
"$python" -c 'import sys; print(*(p for p in sys.path if p.endswith("-packages")), sep="\n")' \
  >"$packages/others.pth"
start=$(date +%s%N)
"$python" -m pip --python "$folder/venv/bin/python" install -q --no-index \
  --disable-pip-version-check "$wheel"
say "pip install"
cd "$folder"
export PATH="$folder/venv/bin:$PATH" TMPDIR="$folder"

# The command itself, with no library of Swift or of this repository.
crossfire --version
! crossfire inspect nothing.pt 2>errors || exit 1
grep -q 'crossfire: No such file' errors

start=$(date +%s%N)
cat >first.py <<'END'
import time

start = time.perf_counter()
import numpy, torch, crossfire

print(f"imports: {time.perf_counter() - start:.1f} s")
torch.manual_seed(1)
layers = lambda: [torch.nn.Conv2d(3, 6, 3), torch.nn.ReLU(), torch.nn.Flatten()]
a, b = (torch.nn.Sequential(*layers(), torch.nn.Linear(6 * 30 * 30, 10)) for _ in "ab")
images = numpy.random.default_rng(1).random((100, 3, 32, 32), dtype=numpy.float32)
with torch.no_grad():
    labels = a(torch.from_numpy(images)).argmax(1)
start = time.perf_counter()
grid = crossfire.transfer(
    {"a": a, "b": b}, images, labels, attacks=["fgsm", "pgd"], epsilons=[0, 0.001, "8/255"], threads=1
)
print(f"crossfire.transfer: {time.perf_counter() - start:.1f} s")
start = time.perf_counter()
print(grid.frame)
print(f"a table: {time.perf_counter() - start:.1f} s")
assert grid.accuracy("a", "fgsm", 0) == 1 and grid.worst_case("a") < 0.5, grid.frame
assert "/site-packages/" in crossfire.__file__ and grid.report.stat().st_size > 10_000
END
python -W ignore first.py
say "all of the example"

# Another version of PyTorch in front of it: one error that says what to install.
mkdir -p other/torch/lib
touch other/torch/__init__.py other/torch/lib/libtorch_cpu.so
echo "__version__ = '2.1.0'" >other/torch/version.py
status=0
PYTHONPATH=other crossfire --version 2>errors || status=$?
[ "$status" = 69 ] && grep -q "found PyTorch 2.1.0" errors && grep -q "pip install 'torch==" errors
# The plugin of pytest is found by itself.
if python -c 'import pytest' 2>/dev/null; then
  python -m pytest --fixtures . >fixtures 2>&1 || true
  grep -q crossfire_run fixtures
fi
printf 'the wheel works\n'
