#!/usr/bin/env bash
# Reads damaged files of every format of data: COUNT files per format (10,000 by default), which the
# SEED (1 by default) determines. `make fuzz` builds the program and calls this script.
#
#     Tests/fuzz.sh [COUNT] [SEED]
#
# Fails if a file crashes the reader, or needs more than five seconds or more than 1 GB of memory.
set -uo pipefail
cd "$(dirname "$0")/.."
count=${1:-10000} seed=${2:-1} failed=0
fuzzer=.build/release/crossfire-fuzz
for format in $("$fuzzer" | sed 's/.*formats: //; s/,//g'); do
  "$fuzzer" "$format" "$count" "$seed"
  status=$?
  if [ $status -ne 0 ]; then
    {
      echo "$format: FAILED with status $status at the file named above"
      echo "  155: more than five seconds; 142: it waits for something; over 128 otherwise: a crash"
    } >&2
    failed=1
  fi
done
exit $failed
