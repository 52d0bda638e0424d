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

import math
import pathlib
import statistics
import sys
import time

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "scripts"))
from attack_contest import images, parser, sides
from peer_contest import table

import foolbox
import numpy
import torch
import torchattacks
from art.attacks import evasion as art
from art.estimators.classification import PyTorchClassifier

ORDER = {"l2": 2, "linf": math.inf}


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

# Attack: Crossfire's name and settings for about 2,000 queries, the budget in words and as
# Crossfire counts it for each model, and the other library's name and call for a network and that
# budget. None: no library has it.
EPSILON = {"fastat": 0.3, "smallbn": 0.1}


def pixels(count):
    """A budget of whole pixels of 28x28, as a share that rounds to it."""
    return f"{count} pixels", dict.fromkeys(EPSILON, (count + 0.5) / 784)


def onepixel(count):
    return lambda net, _: torchattacks.OnePixel(net, pixels=count, steps=49, popsize=100)


LINF = ("ℓ∞", EPSILON)
FREE = ("any", dict.fromkeys(EPSILON, 1))
SCORES = {
    "square": (
        "square queries=2000",
        LINF,
        "torchattacks",
        lambda net, eps: torchattacks.Square(net, eps=eps, n_queries=2000),
    ),
    "spsa": (
        "spsa samples=25 steps=39",
        LINF,
        "torchattacks",
        lambda net, eps: torchattacks.SPSA(
            net, eps=eps, nb_iter=39, nb_sample=25, max_batch_size=25
        ),
    ),
    "nes": ("nes queries=2000", LINF, None, None),
    "bandits": ("bandits queries=2000", LINF, None, None),
    "onepixel-1": (
        "onepixel population=100 generations=49",
        pixels(1),
        "torchattacks",
        onepixel(1),
    ),
    "onepixel-5": (
        "onepixel population=100 generations=49",
        pixels(5),
        "torchattacks",
        onepixel(5),
    ),
    "onepixel-5-random": (
        "onepixel population=100 generations=49 base=random",
        pixels(5),
        None,
        None,
    ),
    "pixle": (
        "pixle restarts=50 iterations=10",
        FREE,
        "torchattacks",
        lambda net, _: torchattacks.Pixle(net, restarts=50, max_iterations=10),
    ),
    "pixle-100": ("pixle restarts=50 iterations=10", pixels(100), None, None),
    "spatial": (
        f"spatial rotation=10 rotations=11 translation={1 / 28} translations=3",
        FREE,
        "Foolbox",
        lambda net, _: foolbox_fooled(
            net,
            foolbox.attacks.SpatialAttack(
                max_translation=1, num_translations=3, max_rotation=10, num_rotations=11
            ),
        ),
    ),
}


def foolbox_fooled(net, attack):
    wrapped = foolbox.PyTorchModel(net, bounds=(0, 1), device="cpu")
    return lambda x, y: attack.run(wrapped, x, foolbox.criteria.Misclassification(y))


def theirs(call, net, x, y, norm, budgets):
    """The distances of all images at each budget, and the time for all of them."""
    started = time.perf_counter()
    found = {budget: [] for budget in budgets}
    for image, label in zip(x.split(1), y.split(1)):
        counted = Counted(net, image, label, ORDER[norm], budgets).eval()
        if net(image).argmax(1) != label:
            counted.best = dict.fromkeys(budgets, 0.0)
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


def smallest(options, name, net, side, x, y):
    for task in options.only:
        if task not in SMALLEST:
            continue
        words, norm, libraries = SMALLEST[task]
        for budget in options.budgets:
            found = side.attack(words, 1, epsilon=1e9, queries=budget)
            sizes = [math.inf if size is None else size for size in found["sizes"]]
            seconds = f"{found['seconds']:.0f} s"
            yield [name, words, norm, "Crossfire", f"{budget}", *row_of(sizes), seconds]
        for library, call in libraries.items():
            if options.libraries and library not in options.libraries:
                continue
            found, seconds = theirs(call, net, x, y, norm, options.budgets)
            for budget, sizes in found.items():
                time_of_all = f"{seconds:.0f} s" if budget == max(found) else ""
                yield [name, words, norm, library, f"{budget}", *row_of(sizes), time_of_all]


def scores(options, name, net, side, x, y):
    for task in options.only:
        if task not in SCORES:
            continue
        words, (shown, budgets), library, call = SCORES[task]
        budget = budgets[name]
        shown = f"{shown} {budget}" if budgets is EPSILON else shown
        name_of_budget = "factors" if task == "spatial" else "epsilon"
        for seed in range(1, options.seeds + 1):
            found = side.attack(words, seed, **{name_of_budget: budget})
            queries = f"{found['forwards'] / len(x):.0f}"
            fooled = f"{len(x) - round(found['accuracy'] * len(x))}/{len(x)}"
            seconds = f"{found['seconds']:.0f} s"
            yield [name, words, shown, "Crossfire", queries, fooled, seconds]
            if not call:
                continue
            torch.manual_seed(seed)
            numpy.random.seed(seed)
            counted = Counter(net).eval()
            started = time.perf_counter()
            adversarial = torch.as_tensor(call(counted, budget)(x, y))
            seconds = f"{time.perf_counter() - started:.0f} s"
            fooled = f"{(net(adversarial).argmax(1) != y).sum().item()}/{len(x)}"
            queries = f"{counted.used / len(x):.0f}"
            yield [name, words, shown, library, queries, fooled, seconds]


def main():
    options = parser(__doc__.splitlines()[0], [*SMALLEST, *SCORES], count=20)
    options.add_argument("--libraries", nargs="*", help="the other libraries; all by default")
    options.add_argument(
        "--budgets", nargs="+", type=int, default=[1000, 5000, 20000], help="numbers of queries"
    )
    options = options.parse_args()
    torch.manual_seed(1)
    x, y = images(options)
    found = {smallest: [], scores: []}
    for name, net, side in sides(options):
        for part, rows in found.items():
            for row in part(options, name, net, side, x, y):
                rows.append(row)
                print(*row, sep=" | ", file=sys.stderr, flush=True)
    head = ["model", "attack", "norm", "library", "queries", "median", "mean", "reached", "time"]
    print("\n".join(table(head, found[smallest])), end="\n\n")
    head = ["model", "attack", "budget", "library", "queries", "fooled", "time"]
    print("\n".join(table(head, found[scores])))


if __name__ == "__main__":
    main()
