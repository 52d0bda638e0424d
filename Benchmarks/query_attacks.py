#!/usr/bin/env python3
"""Compares decision-based and score-based attacks with other libraries at equal queries.

    make bench-peers      # once: builds Crossfire, and prepares a Python and images
    .deps/peers/python/bin/python Benchmarks/query_attacks.py [--count 20] [--only TASK...]

Both sides get the same weights, images and numbers of queries, and every image that the network
classifies counts as a query. The other libraries have no budget of queries: each image is attacked
alone, their attack is stopped when the image has used its queries, and the nearest image that was
fooled by then counts, whether or not the library would have returned it. The program prints two
Markdown tables. An image whose goal is not reached counts as infinitely far away. The folder
CROSSFIRE_PARITY holds the models fastat.safetensors and smallbn.safetensors.
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

import foolbox
import torchattacks
from art.attacks import evasion as art
from art.estimators.classification import PyTorchClassifier
from peer_contest import Worker, table
from peer_libraries import model

ORDER = {"l2": 2, "linf": math.inf}
BUDGETS = (1000, 5000, 20000)


class Spent(Exception):
    """An image has used its queries."""


class Counted(torch.nn.Module):
    """A network that counts the queries of one image and keeps the nearest fooled one.

    `best[budget]` is the smallest distance among the first `budget` queries.
    """

    def __init__(self, net, x, label, order, budgets):
        super().__init__()
        self.net, self.x, self.label, self.order = net, x, label, order
        self.limit, self.used = max(budgets), 0
        self.best = {budget: math.inf for budget in budgets}

    def forward(self, points):
        if self.used >= self.limit:
            raise Spent
        points = points.float()  # ART computes some points in double precision
        with torch.no_grad():
            logits = self.net(points)
            sizes = torch.linalg.vector_norm((points - self.x).flatten(1), ord=self.order, dim=1)
            found = torch.where(logits.argmax(1) != self.label, sizes, math.inf)
        for budget in self.best:
            seen = found[: max(0, budget - self.used)]
            if len(seen):
                self.best[budget] = min(self.best[budget], seen.min().item())
        self.used += len(points)
        return logits


class Counter(torch.nn.Module):
    """A network that counts the queries of all images together."""

    def __init__(self, net):
        super().__init__()
        self.net, self.used = net, 0

    def forward(self, points):
        self.used += len(points)
        return self.net(points)


def foolbox_attack(attack):
    def run(net, x, y):
        attack.run(foolbox.PyTorchModel(net, bounds=(0, 1), device="cpu"), x, y)

    return run


def art_attack(attack, **settings):
    def run(net, x, y):
        wrapped = PyTorchClassifier(
            net, torch.nn.CrossEntropyLoss(), (1, 28, 28), 10, clip_values=(0, 1)
        )
        attack(wrapped, targeted=False, verbose=False, **settings).generate(x.numpy(), y.numpy())

    return run


def hop(norm):
    return {
        "Foolbox": foolbox_attack(foolbox.attacks.HopSkipJumpAttack(steps=200, constraint=norm)),
        "ART": art_attack(
            art.HopSkipJump, norm=2 if norm == "l2" else "inf", max_iter=200, batch_size=512
        ),
    }


# Attack: Crossfire's name and settings, the norm, and the other libraries' calls.
SMALLEST = {
    "hopskipjump": ("hopskipjump", "l2", hop("l2")),
    "hopskipjump-linf": ("hopskipjump norm=linf", "linf", hop("linf")),
    "surfree": ("surfree", "l2", {}),
    "boundary": (
        "boundary",
        "l2",
        {"Foolbox": foolbox_attack(foolbox.attacks.BoundaryAttack(steps=25000))},
    ),
}

# Attack: Crossfire's name and settings for about 2,000 queries. ε is 0.3 for the adversarially
# trained model and 0.1 for the other one; pixels count for attacks in ℓ0.
SCORES = {
    "square": "square queries=2000",
    "spsa": "spsa samples=25 steps=39",
    "nes": "nes queries=2000",
    "bandits": "bandits queries=2000",
}
EPSILON = {"fastat": 0.3, "smallbn": 0.1}
PIXELS = {
    "onepixel": (
        "onepixel population=100 generations=49",
        lambda net, pixels: torchattacks.OnePixel(net, pixels=pixels, steps=49, popsize=100),
    ),
    "pixle": (
        "pixle restarts=50 iterations=100",
        lambda net, pixels: torchattacks.Pixle(net, restarts=50, max_iterations=100),
    ),
}


def theirs(call, net, x, y, norm):
    """The distances of all images at each budget, and the time for all of them."""
    started = time.perf_counter()
    found = {budget: [] for budget in BUDGETS}
    for image, label in zip(x.split(1), y.split(1)):
        counted = Counted(net, image, label, ORDER[norm], BUDGETS).eval()
        if net(image).argmax(1) != label:
            counted.best = {budget: 0.0 for budget in BUDGETS}
        else:
            try:
                call(counted, image, label)
            except (Spent, ValueError):  # a ValueError: no start was found
                pass
        for budget, size in counted.best.items():
            found[budget].append(size)
    return found, time.perf_counter() - started


def row_of(sizes):
    finite = [size for size in sizes if math.isfinite(size)]
    mean = f"{statistics.fmean(finite):.4g}" if finite else "–"
    return [f"{statistics.median(sizes):.4g}", mean, f"{len(finite)}/{len(sizes)}"]


def smallest(options, name, net, worker, x, y):
    for task in options.only:
        if task not in SMALLEST:
            continue
        words, norm, libraries = SMALLEST[task]
        for budget in BUDGETS if worker else ():
            attack, *settings = words.split()
            found = worker.ask(
                f"attack {len(x)} {attack} epsilon=1e9 queries={budget} {' '.join(settings)}"
            )
            sizes = [math.inf if size is None else size for size in found["sizes"]]
            yield [name, words, norm, "Crossfire", f"{budget}", *row_of(sizes)]
        for library, call in libraries.items():
            if options.libraries and library not in options.libraries:
                continue
            found, seconds = theirs(call, net, x, y, norm)
            for budget, sizes in found.items():
                yield [name, words, norm, library, f"{budget}", *row_of(sizes)]
            print(f"{library} {task} {name}: {seconds:.0f} s", file=sys.stderr)


def scores(options, name, net, worker, x, y):
    for task in options.only:
        if task in SCORES and worker:
            attack, *settings = SCORES[task].split()
            found = worker.ask(
                f"attack {len(x)} {attack} epsilon={EPSILON[name]} {' '.join(settings)}"
            )
            queries = f"{found['forwards'] / len(x):.0f}"
            fooled = f"{1 - found['accuracy']:.2f}"
            yield [name, SCORES[task], f"ℓ∞ {EPSILON[name]}", "Crossfire", queries, fooled]
        if task in PIXELS:
            words, call = PIXELS[task]
            for pixels in (1, 5) if task == "onepixel" else (100,):
                if worker:
                    attack, *settings = words.split()
                    found = worker.ask(
                        f"attack {len(x)} {attack} epsilon={(pixels + 0.5) / 784} "
                        + " ".join(settings)
                    )
                    queries = f"{found['forwards'] / len(x):.0f}"
                    fooled = f"{1 - found['accuracy']:.2f}"
                    yield [name, words, f"{pixels} pixels", "Crossfire", queries, fooled]
                counted = Counter(net)
                adversarial = call(counted.eval(), pixels)(x, y)
                fooled = f"{(net(adversarial).argmax(1) != y).float().mean().item():.2f}"
                changed = ((adversarial != x).flatten(1).sum(1)).max().item()
                queries = f"{counted.used / len(x):.0f}"
                yield [name, words, f"{changed} pixels", "torchattacks", queries, fooled]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--images",
        type=pathlib.Path,
        default=root / ".deps/peers/images.safetensors",
        help="a file with images [N, 1, 28, 28] and labels [N]",
    )
    parser.add_argument("--count", type=int, default=20, help="number of images")
    tasks = [*SMALLEST, *SCORES, *PIXELS]
    parser.add_argument("--only", nargs="+", choices=tasks, default=tasks)
    parser.add_argument("--models", nargs="+", default=["fastat", "smallbn"])
    parser.add_argument("--libraries", nargs="*", help="the other libraries; all by default")
    parser.add_argument(
        "--bench",
        default=str(root / ".build/release/crossfire-bench"),
        help="Crossfire's program for measurements; empty to run the other libraries alone",
    )
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(1)
    models = pathlib.Path(os.environ.get("CROSSFIRE_PARITY") or root.parent / "shared/parity")
    data = load_file(options.images)
    x, y = (data[name][: options.count] for name in ("images", "labels"))
    found = {smallest: [], scores: []}
    for name in options.models:
        path = models / f"{name}.safetensors"
        net = model(path)
        worker = Worker(options.bench, options.images, [path]) if options.bench else None
        for part, rows in found.items():
            for row in part(options, name, net, worker, x, y):
                rows.append(row)
                print(*row, sep=" | ", file=sys.stderr, flush=True)
        if worker:
            worker.close()
    head = ["model", "attack", "norm", "library", "queries", "median", "mean", "reached"]
    print("\n".join(table(head, found[smallest])), end="\n\n")
    head = ["model", "attack", "budget", "library", "queries", "fooled"]
    print("\n".join(table(head, found[scores])))


if __name__ == "__main__":
    main()
