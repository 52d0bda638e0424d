#!/usr/bin/env bash
# Installs the built command and its libtorch: PREFIX/bin/crossfire and PREFIX/lib/crossfire/; and below
# PREFIX/share its completions for bash, zsh and fish, and its manual page.
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

# write FILE COMMAND...: what the command prints becomes the file.
write() {
  mkdir -p "$(dirname "$prefix/share/$1")"
  "${@:2}" >"$prefix/share/$1.new"
  mv -f "$prefix/share/$1.new" "$prefix/share/$1"
}
complete=("$prefix/bin/crossfire" --generate-completion-script)
write bash-completion/completions/crossfire "${complete[@]}" bash
write zsh/site-functions/_crossfire "${complete[@]}" zsh
write fish/vendor_completions.d/crossfire.fish "${complete[@]}" fish
manual() { "$prefix/bin/crossfire" --experimental-dump-help | scripts/manual.py "$(version)"; }
version() { "$prefix/bin/crossfire" --version | cut -d ' ' -f 2; }
write man/man1/crossfire.1 manual
echo "installed $prefix/bin/crossfire, with completions and a manual page in $prefix/share"
