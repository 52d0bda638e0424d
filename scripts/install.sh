#!/usr/bin/env bash
# Installs the built command and its libtorch: PREFIX/bin/crossfire and PREFIX/lib/crossfire/.
# The command finds its libraries relative to itself, so that the repository may be moved or removed
# afterwards.
set -euo pipefail
cd "$(dirname "$0")/.."
prefix=$1
libraries=$prefix/lib/crossfire
mkdir -p "$prefix/bin" "$libraries"
for library in libtorch libtorch_cpu libtorch_cuda libc10 libc10_cuda libgomp; do
  for file in .deps/torch-lib/"$library"*.so* .deps/torch-lib/"$library"*.dylib; do
    if [ -f "$file" ]; then cp -fL "$file" "$libraries/"; fi
  done
done
# A running command keeps the old file, and the new file replaces it whole.
cp .build/release/crossfire "$prefix/bin/.crossfire.new"
mv -f "$prefix/bin/.crossfire.new" "$prefix/bin/crossfire"
"$prefix/bin/crossfire" --version
echo "installed $prefix/bin/crossfire"
