#!/usr/bin/env python3
"""Measures what it costs to divide an attack into parts: the time of a task besides its share of the
attack, which is the start of the program, opening the data and the models, and merging.

    make build && python3 Benchmarks/scaling.py [DATA [IMAGES [MODELS]]]

DATA is a data reference (mnist), IMAGES the number of test images that are attacked (10,000), MODELS
the number of models (2). An FGSM attack is run in 1 to 64 parts, one process after the other on this
machine with one thread each. The total time is A + B times the number of tasks; a straight line
through the measured totals gives the overhead B of a task.
"""

import pathlib
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAM = ROOT / ".build/release/crossfire"
DIVISIONS = [1, 2, 4, 8, 16, 32, 64]


def main():
    data = sys.argv[1] if len(sys.argv) > 1 else "mnist"
    images = int(sys.argv[2]) if len(sys.argv) > 2 else 10_000
    models = int(sys.argv[3]) if len(sys.argv) > 3 else 2
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        lines = "".join(f"  m{n}: {{ architecture: small, epochs: 1 }}\n" for n in range(models))
        (folder / "scaling.yaml").write_text(
            f"name: scaling\ndata: {{ name: '{data}', train: 2000 }}\nmodels:\n{lines}"
            f"attacks:\n  fgsm: {{ epsilons: [0.1] }}\ncount: {images}\n")

        def run(*steps):
            began = time.monotonic()
            subprocess.run(
                [PROGRAM, "run", folder / "scaling.yaml", "--out", folder / "run", "--threads", "1",
                 "--batch-size", "100", "--quiet", "--steps", *steps], check=True)
            return time.monotonic() - began

        print(f"models and fingerprints: {run('model *'):.1f} s", flush=True)
        print(f"{'parts':>6}{'tasks':>7}{'total s':>10}{'merge s':>10}")
        points = []
        for count in DIVISIONS:
            total = 0
            if count > 1:
                for part in range(1, count + 1):
                    total += run(f"attack fgsm from m0 part {part} of {count}")
            merge = run("attack fgsm from m0")
            total += merge
            tasks = count + 1 if count > 1 else 1
            points.append((tasks, total))
            print(f"{count:6}{tasks:7}{total:10.1f}{merge:10.2f}", flush=True)
            for result in (folder / "run/predictions").iterdir():
                result.unlink()
        n = len(points)
        mean_x, mean_y = (sum(p[k] for p in points) / n for k in (0, 1))
        slope = sum((x - mean_x) * (y - mean_y) for x, y in points) / sum(
            (x - mean_x) ** 2 for x, _ in points)
        print(f"a task takes {slope:.2f} s besides its share of the attack, "
              f"which takes {mean_y - slope * mean_x:.1f} s")


if __name__ == "__main__":
    main()
