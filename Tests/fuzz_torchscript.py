#!/usr/bin/env python3
"""Lets the built command read damaged TorchScript files, and counts how the runs end.

libtorch reads these files, not Crossfire, so a crash of libtorch ends the command. Each file is
therefore read in a process of its own. docs/security.md has the results.
"""

import argparse, collections, os, random, resource, subprocess, sys, tempfile, time

here = os.path.dirname(os.path.abspath(__file__))
parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--count", type=int, default=1000)
parser.add_argument("--command", default=f"{here}/../.build/debug/crossfire")
parser.add_argument("--seed", type=int, default=5)
options = parser.parse_args()

fixtures = f"{here}/ForeignModelsTests/Fixtures"
sources = [open(f"{fixtures}/{name}", "rb").read() for name in ("tiny.pt", "digits.plain.pt")]
draw = random.Random(options.seed)


def damaged(source):
    data = bytearray(source)
    for _ in range(draw.randint(1, 4)):
        place = draw.randrange(len(data))
        kind = draw.randrange(5)
        if kind == 0:
            data[place] = draw.randrange(256)
        elif kind == 1:
            data[place] ^= 1 << draw.randrange(8)
        elif kind == 2:
            data[place:place] = bytes([draw.randrange(256)])
        elif kind == 3:
            del data[place : place + draw.randint(1, 8)]
        else:
            data[place : place + 4] = b"\xff" * 4
    return bytes(data)


ends, slowest, largest = collections.Counter(), 0, 0
with tempfile.TemporaryDirectory() as folder:
    path = f"{folder}/damaged.pt"
    for trial in range(options.count):
        open(path, "wb").write(damaged(sources[trial % len(sources)]))
        started = time.time()
        try:
            run = subprocess.run(
                [
                    options.command,
                    "inspect",
                    f"{path}:input=" + ("3x16x16", "1x28x28")[trial % 2],
                    "--threads",
                    "1",
                ],
                capture_output=True,
                timeout=60,
            )
            status = run.returncode
            ends["refused" if status == 65 else "read" if status == 0 else f"status {status}"] += 1
            if status not in (0, 65):
                print(
                    f"trial {trial}: status {status}: {run.stderr.decode(errors='replace')[:200]}",
                    file=sys.stderr,
                )
        except subprocess.TimeoutExpired:
            ends["hung"] += 1
        slowest = max(slowest, time.time() - started)
largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10
print(
    f"TorchScript: {options.count} files: {dict(ends)}; "
    f"slowest {slowest:.1f} s, largest {largest} MB"
)
