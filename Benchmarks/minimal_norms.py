#!/usr/bin/env python3
"""Compares attacks that look for the smallest perturbation with other libraries.

    make bench-peers      # once: builds Crossfire, and prepares a Python and images
    .deps/peers/python/bin/python Benchmarks/minimal_norms.py [--count 50] [--only TASK...]

Both sides get the same weights, images and numbers of steps. The program prints a Markdown table.
An image whose goal is not reached counts as infinitely far away, and one that is misclassified from
the start as 0. Both sides use two threads. The folder CROSSFIRE_PARITY holds the models
fastat.safetensors and smallbn.safetensors.
"""

import argparse
import math
import os
import pathlib
import statistics
import sys
import time
import types

import torch
from safetensors.torch import load_file

root = pathlib.Path(__file__).resolve().parent.parent
sys.path.append(str(root / "scripts"))


def stub(name, **members):
    """An empty module, for what a library imports and this comparison does not use."""
    sys.modules[name] = types.ModuleType(name)
    for member, value in members.items():
        setattr(sys.modules[name], member, value)


stub("torchvision", models=types.ModuleType("torchvision.models"))
stub("torchvision.models")
stub("visdom", Visdom=None)

import adv_lib.attacks as adv
import foolbox
import torchattacks
from peer_contest import Worker, table
from peer_libraries import model


ORDER = {"l0": 0, "l1": 1, "l2": 2, "linf": math.inf}


def fmn(norm):
    return lambda net, x, y: adv.fmn(net, x, y, norm=ORDER[norm], steps=1000)


def foolbox_attack(attack):
    def run(net, x, y):
        wrapped = foolbox.PyTorchModel(net, bounds=(0, 1), device="cpu")
        return attack.run(wrapped, x, y)

    return run


# Attack: Crossfire's settings, the norm, and the other library's name and call.
TASKS = {
    "ddn": (
        "ddn steps=100",
        "l2",
        "adv-lib",
        lambda net, x, y: adv.ddn(net, x, y, steps=100, levels=None),
    ),
    "ddn-1000": (
        "ddn steps=1000",
        "l2",
        "adv-lib",
        lambda net, x, y: adv.ddn(net, x, y, steps=1000, levels=None),
    ),
    **{f"fmn-{norm}": (f"fmn steps=1000 norm={norm}", norm, "adv-lib", fmn(norm)) for norm in ORDER},
    "ead": (
        "ead steps=100 searches=9 beta=0.01 rule=l1",
        "l1",
        "Foolbox",
        foolbox_attack(
            foolbox.attacks.EADAttack(
                steps=100, regularization=0.01, decision_rule="L1", abort_early=False
            )
        ),
    ),
    "superdeepfool": ("superdeepfool", "l2", "adv-lib", lambda net, x, y: adv.sdf(net, x, y)),
    "deepfool": ("deepfool steps=100", "l2", "adv-lib", lambda net, x, y: adv.df(net, x, y)),
    "sigma-zero": ("sigma-zero", "l0", "adv-lib", lambda net, x, y: adv.sigma_zero(net, x, y)),
    "sparsefool": (
        "sparsefool steps=20",
        "l0",
        "torchattacks",
        lambda net, x, y: torchattacks.SparseFool(net, steps=20, lam=3)(x, y),
    ),
    "cw": ("cw steps=1000 searches=9", "l2", None, None),
}


def measured(sizes, seconds):
    """The median and the mean of the sizes that are finite, the share of those, and the time."""
    finite = [size for size in sizes if math.isfinite(size)]
    mean = statistics.fmean(finite) if finite else math.inf
    return statistics.median(sizes), mean, len(finite) / len(sizes), seconds


def theirs(call, net, x, y, norm):
    started = time.perf_counter()
    found = call(net, x, y).detach()
    seconds = time.perf_counter() - started
    sizes = torch.linalg.vector_norm((found - x).flatten(1), ord=ORDER[norm], dim=1)
    fooled = net(found).argmax(1) != y
    return measured(torch.where(fooled, sizes, math.inf).tolist(), seconds)


def ours(worker, count, words):
    name, *settings = words.split()
    found = worker.ask(f"attack {count} {name} epsilon=1e9 {' '.join(settings)}")
    sizes = [math.inf if size is None else size for size in found["sizes"]]
    return measured(sizes, found["seconds"])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--images",
        type=pathlib.Path,
        default=root / ".deps/peers/images.safetensors",
        help="a file with images [N, 1, 28, 28] and labels [N]",
    )
    parser.add_argument("--count", type=int, default=50, help="number of images")
    parser.add_argument("--only", nargs="+", choices=TASKS, default=list(TASKS))
    parser.add_argument(
        "--bench", default=root / ".build/release/crossfire-bench"
    )
    options = parser.parse_args()
    torch.set_num_threads(2)
    models = pathlib.Path(os.environ.get("CROSSFIRE_PARITY") or root.parent / "shared/parity")
    data = load_file(options.images)
    x, y = (data[name][: options.count] for name in ("images", "labels"))
    rows = []
    for name in ("fastat", "smallbn"):
        path = models / f"{name}.safetensors"
        net = model(path)
        worker = Worker(options.bench, options.images, [path])
        for task in options.only:
            words, norm, library, call = TASKS[task]
            sides = {"Crossfire": ours(worker, options.count, words)}
            if call:
                sides[library] = theirs(call, net, x, y, norm)
            for side, (median, mean, share, seconds) in sides.items():
                row = [name, words, norm, side, f"{median:.4g}", f"{mean:.4g}"]
                rows.append([*row, f"{100 * share:.0f} %", f"{seconds:.1f} s"])
                print(*rows[-1], sep=" | ", file=sys.stderr, flush=True)
        worker.close()
    head = ["model", "attack", "norm", "library", "median", "mean", "reached", "time"]
    print("\n".join(table(head, rows)))


if __name__ == "__main__":
    main()
