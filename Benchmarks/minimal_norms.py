#!/usr/bin/env python3
"""Compares attacks that look for the smallest perturbation with other libraries.

    make bench-peers      # once: builds Crossfire, and prepares a Python and images
    .deps/peers/python/bin/python Benchmarks/minimal_norms.py [--count 50] [--only TASK...]

Both sides get the same weights, images and numbers of steps, and one thread. The program prints a
Markdown table. An image whose goal is not reached counts as infinitely far away, and one that is
misclassified from the start as 0. The folder CROSSFIRE_PARITY holds the models.
"""

import math
import pathlib
import statistics
import sys
import time

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "scripts"))
from attack_contest import images, parser, sides
from peer_contest import table

import adv_lib.attacks as adv
import foolbox
import torch
import torchattacks

ORDER = {"l0": 0, "l1": 1, "l2": 2, "linf": math.inf}


def foolbox_attack(attack):
    def run(net, x, y):
        wrapped = foolbox.PyTorchModel(net, bounds=(0, 1), device="cpu")
        return attack.run(wrapped, x, y)

    return run


def fmn(norm, steps):
    return lambda net, x, y: adv.fmn(net, x, y, norm=ORDER[norm], steps=steps)


def alma(norm, steps, **settings):
    return lambda net, x, y: adv.alma(net, x, y, num_steps=steps, distance=norm, **settings)


def fab(norm):
    return lambda net, x, y: adv.fab(net, x, y, norm=ORDER[norm], n_iter=100)


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
    **{
        f"fmn-{norm}-{steps}": (f"fmn norm={norm} steps={steps}", norm, "adv-lib", fmn(norm, steps))
        for norm in ORDER
        for steps in (100, 1000)
    },
    "alma": ("alma steps=300 rate=0.1", "l2", "adv-lib", alma("l2", 300)),
    "alma-start": (
        "alma steps=300 start=0.1",
        "l2",
        "adv-lib",
        alma("l2", 300, init_lr_distance=0.1),
    ),
    "alma-l1": ("alma norm=l1 steps=300 rate=0.1", "l1", "adv-lib", alma("l1", 300)),
    # adv-lib's search for the factor does not end where an image cannot move so far.
    "alma-l1-start": (
        "alma norm=l1 steps=300 start=0.5",
        "l1",
        "adv-lib",
        alma("l1", 300, init_lr_distance=0.5),
    ),
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
    "superdeepfool": (
        "superdeepfool projections=20 steps=100",
        "l2",
        "adv-lib",
        lambda net, x, y: adv.sdf(net, x, y, steps=20),
    ),
    "deepfool": ("deepfool steps=100", "l2", "adv-lib", lambda net, x, y: adv.df(net, x, y)),
    "fab-l2": ("fab norm=l2 steps=100", "l2", "adv-lib", fab("l2")),
    "fab-linf": ("fab steps=100", "linf", "adv-lib", fab("linf")),
    "sigma-zero": (
        "sigma-zero steps=300",
        "l0",
        "adv-lib",
        lambda net, x, y: adv.sigma_zero(net, x, y, num_steps=300),
    ),
    "sparsefool": (
        "sparsefool steps=20",
        "l0",
        "torchattacks",
        lambda net, x, y: torchattacks.SparseFool(net, steps=20, lam=3)(x, y),
    ),
    "cw": (
        "cw steps=100 searches=9",
        "l2",
        "adv-lib",
        lambda net, x, y: adv.carlini_wagner_l2(net, x, y, max_iterations=100, abort_early=False),
    ),
}


def measured(sizes, seconds):
    """The median and the mean of the sizes that are finite, the number of those, and the time."""
    finite = [size for size in sizes if math.isfinite(size)]
    mean = statistics.fmean(finite) if finite else math.inf
    return statistics.median(sizes), mean, len(finite), seconds


def theirs(call, net, x, y, norm):
    torch.manual_seed(1)
    started = time.perf_counter()
    found = call(net, x, y).detach()
    seconds = time.perf_counter() - started
    sizes = torch.linalg.vector_norm((found - x).flatten(1), ord=ORDER[norm], dim=1)
    fooled = net(found).argmax(1) != y
    return measured(torch.where(fooled, sizes, math.inf).tolist(), seconds)


def ours(side, words):
    found = side.attack(words, 1, epsilon=1e9)
    sizes = [math.inf if size is None else size for size in found["sizes"]]
    return measured(sizes, found["seconds"])


def main():
    options = parser(__doc__.splitlines()[0], TASKS, count=50).parse_args()
    x, y = images(options)
    rows = []
    for name, net, side in sides(options):
        for task in options.only:
            words, norm, library, call = TASKS[task]
            found = {"Crossfire": ours(side, words), library: theirs(call, net, x, y, norm)}
            for library, (median, mean, count, seconds) in found.items():
                row = [name, words, norm, library, f"{median:.4g}", f"{mean:.4g}"]
                rows.append([*row, f"{count}/{len(x)}", f"{seconds:.1f} s"])
                print(*rows[-1], sep=" | ", file=sys.stderr, flush=True)
    head = ["model", "attack", "norm", "library", "median", "mean", "reached", "time"]
    print("\n".join(table(head, rows)))


if __name__ == "__main__":
    main()
