#!/usr/bin/env python3
"""Compares gradient attacks within a budget with torchattacks.

    make bench-peers      # once: builds Crossfire, and prepares a Python and images
    .deps/peers/python/bin/python Benchmarks/gradient_attacks.py [--count 1000] [--only TASK...]

Both sides get the same weights, images, budgets and steps, and the program prints the accuracy on
their adversarial images as a Markdown table. Both sides use two threads. The folder
CROSSFIRE_PARITY holds the models fastat.safetensors and smallbn.safetensors.
"""

import argparse
import os
import pathlib
import sys
import time
import types

import torch
from safetensors.torch import load_file

root = pathlib.Path(__file__).resolve().parent.parent
sys.path.append(str(root / "scripts"))
# torchattacks imports torchvision for what this comparison does not use.
sys.modules["torchvision"] = types.ModuleType("torchvision")
sys.modules["torchvision.models"] = types.ModuleType("torchvision.models")
sys.modules["torchvision"].models = sys.modules["torchvision.models"]

import torchattacks
from peer_contest import Worker, table
from peer_libraries import model

# Attack: Crossfire's settings, and the call of torchattacks for a network and a budget.
TASKS = {
    "fgsm": ("fgsm", lambda net, eps: torchattacks.FGSM(net, eps=eps)),
    "rfgsm": (
        "rfgsm",
        lambda net, eps: torchattacks.RFGSM(net, eps=eps, alpha=eps / 2, steps=1),
    ),
    "pgd": (
        "pgd steps=40",
        lambda net, eps: torchattacks.PGD(net, eps=eps, alpha=2.5 * eps / 40, steps=40),
    ),
    "tpgd": (
        "tpgd steps=10",
        lambda net, eps: torchattacks.TPGD(net, eps=eps, alpha=2.5 * eps / 10, steps=10),
    ),
    "tpgd-40": (
        "tpgd steps=40",
        lambda net, eps: torchattacks.TPGD(net, eps=eps, alpha=2.5 * eps / 40, steps=40),
    ),
    "jitter": (
        "jitter steps=10",
        lambda net, eps: torchattacks.Jitter(net, eps=eps, alpha=2.5 * eps / 10, steps=10),
    ),
    "jitter-40": (
        "jitter steps=40",
        lambda net, eps: torchattacks.Jitter(net, eps=eps, alpha=2.5 * eps / 40, steps=40),
    ),
}
# The budgets at which the accuracy of a model is far from both 0 and its value without an attack.
EPSILONS = {"fastat": (0.3, 0.4), "smallbn": (0.05, 0.1)}


def theirs(attack, net, x, y):
    torch.manual_seed(1)
    started = time.perf_counter()
    found = attack(x, y).detach()
    seconds = time.perf_counter() - started
    with torch.no_grad():
        return (net(found).argmax(1) == y).float().mean().item(), seconds


def ours(worker, count, words, epsilon):
    name, *settings = words.split()
    found = worker.ask(f"attack {count} {name} epsilon={epsilon} {' '.join(settings)}")
    return found["accuracy"], found["seconds"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--images",
        type=pathlib.Path,
        default=root / ".deps/peers/images.safetensors",
        help="a file with images [N, 1, 28, 28] and labels [N]",
    )
    parser.add_argument("--count", type=int, default=1000, help="number of images")
    parser.add_argument("--only", nargs="+", choices=TASKS, default=list(TASKS))
    parser.add_argument("--bench", default=root / ".build/release/crossfire-bench")
    options = parser.parse_args()
    torch.set_num_threads(2)
    models = pathlib.Path(os.environ.get("CROSSFIRE_PARITY") or root.parent / "shared/parity")
    data = load_file(options.images)
    x, y = (data[name][: options.count] for name in ("images", "labels"))
    rows = []
    for name, epsilons in EPSILONS.items():
        path = models / f"{name}.safetensors"
        net = model(path)
        worker = Worker(options.bench, options.images, [path])
        for task in options.only:
            words, attack = TASKS[task]
            for epsilon in epsilons:
                sides = {
                    "Crossfire": ours(worker, options.count, words, epsilon),
                    "torchattacks": theirs(attack(net, epsilon), net, x, y),
                }
                for side, (accuracy, seconds) in sides.items():
                    row = [name, words, str(epsilon), side, f"{100 * accuracy:.1f} %"]
                    rows.append([*row, f"{seconds:.1f} s"])
                    print(*rows[-1], sep=" | ", file=sys.stderr, flush=True)
        worker.close()
    print("\n".join(table(["model", "attack", "ε", "library", "accuracy", "time"], rows)))


if __name__ == "__main__":
    main()
