#!/usr/bin/env bash
# Makes the Python wheel of the built command: dist/crossfire-VERSION-py3-none-PLATFORM.whl.
#
#     make wheel
#
# The objects of `make build` are linked a second time, so that the command runs on machines without
# Swift: Swift's runtime, libpng, libjpeg and SQLite become part of it. libcurl, libcrypto, zlib and
# what these need are copied into the wheel beside the command, which finds them relative to itself.
# libtorch is not in the wheel: it is that of the PyTorch that Python imports.
set -euo pipefail
cd "$(dirname "$0")/.."
[ "$(uname -s)" = Linux ] || {
  printf 'wheel: wheels are made on Linux only\n' >&2
  exit 1
}
objects=$PWD/.build/release/crossfire.product/Objects.LinkFileList
[ -f "$objects" ] || {
  printf 'wheel: %s is missing; run make build first\n' "$objects" >&2
  exit 1
}
work=.build/wheel
rm -rf "$work" && mkdir -p "$work/archives" "$work/libraries"

# ---- link ---------------------------------------------------------------------------------------
# The linker takes the first match on its path. The folder `archives` has static libraries only, and
# the name under which it finds libcurl, whose development files a build does not need.
for library in png png16 jpeg sqlite3; do
  path=$(cc -print-file-name="lib$library.a")
  [ -f "$path" ] || {
    printf 'wheel: lib%s.a is missing; run make setup first\n' "$library" >&2
    exit 1
  }
  ln -s "$path" "$work/archives/"
done
ln -s "$(cc -print-file-name=libcurl.so.4)" "$work/archives/libcurl.so"
# Static libraries of Swift that others of them need, in the order of the linker.
runtime=(_CFURLSessionInterface CoreFoundation _FoundationICU _FoundationCShims
  _FoundationCollections swiftSynchronization BlocksRuntime)
swiftc -static-stdlib -emit-executable -module-name crossfire -o "$work/crossfire" "@$objects" \
  -L "$work/archives" -L .deps/torch-lib \
  -ltorch -ltorch_cpu -lc10 -ljpeg -lpng16 -lsqlite3 -lcrypto -lz -lstdc++ -lm \
  "${runtime[@]/#/-l}" -lcurl \
  -Xlinker --gc-sections -Xlinker --defsym -Xlinker main=crossfire_main -Xlinker --strip-all \
  -Xlinker --disable-new-dtags -Xlinker -rpath -Xlinker '$ORIGIN/libraries' \
  2> >(grep -v 'the use of `mktemp' >&2) # a warning about Swift's own libraries

# ---- the libraries beside the command -----------------------------------------------------------
# Every platform that can run PyTorch's wheels has the C and C++ libraries.
torch=$(readlink -f .deps/torch-lib)
present='^(ld-linux|libc\.|libm\.|libdl\.|librt\.|libpthread\.|libresolv\.|libutil\.|libstdc|libgcc_s)'
LD_LIBRARY_PATH=$torch ldd "$work/crossfire" | while read -r name arrow path _; do
  [ "$arrow" = "=>" ] || continue
  [ -f "$path" ] || {
    printf 'wheel: %s was not found\n' "$name" >&2
    exit 1
  }
  if [[ $name =~ $present || $name = libgomp* || $(readlink -f "$path") = "$torch"/* ]]; then
    continue
  fi
  cp -L "$path" "$work/libraries/$name"
done

python3 scripts/wheel.py "$work" "$(python3 scripts/libtorch_version.py \
  "$(dirname "$torch")/include")" dist
