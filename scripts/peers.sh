#!/usr/bin/env bash
# Prepares the Python in which Benchmarks/peers.py runs other libraries. What is already done is not
# done again.
set -euo pipefail
cd "$(dirname "$0")/.."
home=.deps/peers
torch_version=2.13.0
pytorch_cpu_index=https://download.pytorch.org/whl/cpu

# The compared libraries and their versions. They are installed without their declared dependencies,
# which would install a second PyTorch and many packages that are never used. What they import is
# listed below.
peers=(torchattacks==3.5.1 adv-lib==0.2.8 foolbox==3.3.4 eagerpy==0.30.0 adversarial-robustness-toolbox==1.20.1
  pyautoattack==0.2.0)
imported=(numpy scipy safetensors typing_extensions sympy networkx jinja2 fsspec filelock mpmath
  "setuptools>=77.0.3" tqdm requests scikit-learn six GitPython packaging
  onnx ml_dtypes protobuf)

stamp="torch $torch_version ${peers[*]} ${imported[*]}"
[ "$(cat "$home/prepared" 2>/dev/null)" != "$stamp" ] || exit 0
printf '\033[1m==>\033[0m %s\n' \
  "preparing a Python with the libraries to compare with, in $home (300 MB to download)"
rm -rf "$home/python"
mkdir -p "$home"
python3 -m venv "$home/python"
pip=("$home/python/bin/python" -m pip install -q --disable-pip-version-check)
"${pip[@]}" --no-deps "torch==$torch_version+cpu" 2>/dev/null ||
  "${pip[@]}" --no-deps --index-url "$pytorch_cpu_index" "torch==$torch_version" ||
  {
    printf 'peers: pip could not download torch %s\n' "$torch_version" >&2
    exit 1
  }
"${pip[@]}" "${imported[@]}"
"${pip[@]}" --no-deps "${peers[@]}"
printf '%s\n' "$stamp" >"$home/prepared"
