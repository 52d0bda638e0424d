#!/usr/bin/env bash
# Reads damaged files of every format of data, COUNT of each (10,000 unless given), from a seed (1 unless given). `make fuzz` builds first.
# Fails if one of them crashes the reader, takes more than five seconds or more than a gigabyte of memory.
#     Tests/fuzz.sh [COUNT] [SEED]
set -uo pipefail
cd "$(dirname "$0")/.."
count=${1:-10000} seed=${2:-1} failed=0
fuzzer=.build/release/crossfire-fuzz
for format in $("$fuzzer" | sed 's/.*formats: //; s/,//g'); do
  "$fuzzer" "$format" "$count" "$seed"
  status=$?
  if [ $status -ne 0 ]; then
    echo "$format: FAILED with status $status (155: more than five seconds; 142: it waits for something; others over 128: a crash) at the file named above" >&2
    failed=1
  fi
done
exit $failed
