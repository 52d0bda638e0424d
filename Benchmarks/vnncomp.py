#!/usr/bin/env python3
"""Certifies the networks `mnistfc` of VNN-COMP 2021, attacks them, and compares with its verdicts.

    python3 Benchmarks/vnncomp.py BENCHMARKS RESULTS [--crossfire .build/release/crossfire]

BENCHMARKS is the folder benchmarks/mnistfc of https://github.com/stanleybak/vnncomp2021, and RESULTS
the folder results_csv of https://github.com/stanleybak/vnncomp2021_results. Needs NumPy. Each of the
three networks has fifteen images and two sizes. UNSAT in the results means that a tool proved the
image robust, and SAT that it found a counterexample.

The program ends with the status 1 if a certificate contradicts a SAT, an attack contradicts an UNSAT,
or an attack breaks a certified image.
"""

import argparse
import csv
import json
import pathlib
import re
import subprocess
import sys
import tempfile

import numpy

NETWORKS = ("mnist-net_256x2", "mnist-net_256x4", "mnist-net_256x6")
SIZES = ("0.03", "0.05")


def image(path, size):
    """The image around which a property has its box, and its label."""
    text = path.read_text()
    label = int(re.search(r"label: (\d)", text).group(1))
    ends = {}
    for sign, place, value in re.findall(r"\(assert \((<=|>=) X_(\d+) ([0-9.e+-]+)\)\)", text):
        ends[sign, int(place)] = float(value)
    pixels = numpy.empty(784, numpy.float32)
    for place in range(784):
        low, high = ends[">=", place], ends["<=", place]
        # The box is cut to [0, 1], so one of its ends may be nearer to the image than the size.
        pixels[place] = low + size if low > 0 else high - size
    return pixels.clip(0, 1).reshape(28, 28), label


def verdicts(folder):
    """The verdicts of all tools: (network, property, size) → a set of SAT and UNSAT."""
    found = {}
    for path in sorted(folder.glob("*.csv")):
        for row in csv.reader(path.open()):
            name = re.search(r"prop_(\d+)_(0\.\d+)\.vnnlib", row[2]) if len(row) > 4 else None
            if not name or row[0] != "mnistfc" or row[4].upper() not in ("SAT", "UNSAT"):
                continue
            key = (pathlib.Path(row[1]).stem, int(name.group(1)), name.group(2))
            found.setdefault(key, {}).setdefault(row[4].upper(), []).append(path.stem)
    return found


def asked(crossfire, *words):
    done = subprocess.run([crossfire, *words, "--quiet", "--json"], capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    return json.loads(done.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("benchmarks", type=pathlib.Path)
    parser.add_argument("results", type=pathlib.Path)
    parser.add_argument("--crossfire", default=".build/release/crossfire")
    options = parser.parse_args()
    published = verdicts(options.results)
    wrong = 0
    with tempfile.TemporaryDirectory() as place:
        data = pathlib.Path(place) / "images.npz"
        examples = pathlib.Path(place) / "examples.safetensors"
        numbers = sorted(
            int(path.name.split("_")[1])
            for path in options.benchmarks.glob("prop_*_0.03.vnnlib")
        )
        pairs = [
            image(options.benchmarks / f"prop_{number}_0.03.vnnlib", 0.03) for number in numbers
        ]
        numpy.savez(data, images=[pair[0] for pair in pairs], labels=[pair[1] for pair in pairs])
        print("| Network | ε | Certified | Proved by a tool | Broken by autoattack | SAT by a tool |")
        print("|---|---|---|---|---|---|")
        for network in NETWORKS:
            model = f"net={options.benchmarks / network}.onnx"
            common = ["--model", model, "--data", str(data)]
            certified = asked(
                options.crossfire, "certify", *common, "--certificate", "crown", "--epsilon", *SIZES
            )["models"][0]
            for size in SIZES:
                asked(
                    options.crossfire, "attack", *common, "--attack", "autoattack", "--epsilon",
                    size, "--out", str(examples), "--replace",
                )
                table = pathlib.Path(place) / "table.csv"
                subprocess.run(
                    [options.crossfire, "export", str(examples), "--csv", str(table), "--replace",
                     "--quiet"], check=True, capture_output=True,
                )
                broken = {
                    int(row["image"]) for row in csv.DictReader(table.open())
                    if row["predicted"] != row["label"]
                }
                proved = {
                    place for place, found in enumerate(certified["images"])
                    if found.get("radius", -1) >= float(size)
                    and found.get("prediction") == pairs[place][1]
                }
                said = {
                    word: {
                        place for place, number in enumerate(numbers)
                        if word in published.get((network, number, size), {})
                    }
                    for word in ("SAT", "UNSAT")
                }
                for name, both in (
                    ("certified and SAT", proved & said["SAT"]),
                    ("broken and UNSAT", broken & said["UNSAT"]),
                    ("certified and broken", proved & broken),
                ):
                    if both:
                        wrong += 1
                        print(f"{network} {size}: {name}: {sorted(both)}", file=sys.stderr)
                row = [len(proved), len(said["UNSAT"]), len(broken), len(said["SAT"])]
                print(f"| {network} | {size} | " + " | ".join(map(str, row)) + " |", flush=True)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
