#!/usr/bin/env python3
"""Compares gradient attacks within a budget with torchattacks.

    make bench-peers      # once: builds Crossfire, and prepares a Python and images
    .deps/peers/python/bin/python Benchmarks/gradient_attacks.py [--count 500] [--only TASK...]

Both sides get the same weights, images, budgets and steps, and one thread. The program prints a
Markdown table with the accuracy on their adversarial images, of the attacked model and of those
that `--others` names: the mean over `--seeds` runs. The folder CROSSFIRE_PARITY holds the attacked
models. Images of three channels are compared on the attacks that torchattacks has for these only.
"""

import pathlib
import statistics
import sys
import time

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "scripts"))
from attack_contest import images, model, parser, sides
from peer_contest import table

import torch
import torchattacks


def momentum(attack, **settings):
    """An attack with ten steps and the momentum 1, as `mifgsm`."""
    return lambda net, eps: attack(net, eps=eps, alpha=eps / 10, steps=10, decay=1.0, **settings)


def iterated(attack, steps, norm_scale=1, **settings):
    """An attack with the step size 2.5·ε / steps."""
    return lambda net, eps: attack(
        net, eps=norm_scale * eps, alpha=2.5 * norm_scale * eps / steps, steps=steps, **settings
    )


# Attack: Crossfire's settings, and the call of torchattacks for a network and a budget. Attacks in
# ℓ2 get 10 times the budget.
TASKS = {
    "fgsm": ("fgsm", lambda net, eps: torchattacks.FGSM(net, eps=eps)),
    "rfgsm": (
        "rfgsm",
        lambda net, eps: torchattacks.RFGSM(net, eps=eps, alpha=eps / 2, steps=1),
    ),
    "bim": (
        "bim steps=10",
        lambda net, eps: torchattacks.BIM(net, eps=eps, alpha=eps / 10, steps=10),
    ),
    "pgd": ("pgd steps=40", iterated(torchattacks.PGD, 40)),
    "pgd-l2": (
        "pgd norm=l2 steps=40",
        iterated(torchattacks.PGDL2, 40, norm_scale=10, random_start=True),
    ),
    "tpgd": ("tpgd steps=10", iterated(torchattacks.TPGD, 10)),
    "tpgd-40": ("tpgd steps=40", iterated(torchattacks.TPGD, 40)),
    "jitter": ("jitter steps=10", iterated(torchattacks.Jitter, 10)),
    "jitter-40": ("jitter steps=40", iterated(torchattacks.Jitter, 40)),
    "mifgsm": ("mifgsm", momentum(torchattacks.MIFGSM)),
    "nifgsm": ("nifgsm", momentum(torchattacks.NIFGSM)),
    "di": ("mifgsm views=di", momentum(torchattacks.DIFGSM)),
    "ti": ("mifgsm views=ti", momentum(torchattacks.TIFGSM, diversity_prob=0.0)),
    "si": ("nifgsm views=si", momentum(torchattacks.SINIFGSM, m=5)),
    "vmi": ("mifgsm views=vmi", momentum(torchattacks.VMIFGSM, N=20)),
    "vni": ("nifgsm views=vmi", momentum(torchattacks.VNIFGSM, N=20)),
    "apgd": (
        "apgd steps=40 loss=cross-entropy",
        lambda net, eps: torchattacks.APGD(net, eps=eps, steps=40, loss="ce"),
    ),
    "apgd-dlr": (
        "apgd steps=40 loss=logits-ratio",
        lambda net, eps: torchattacks.APGD(net, eps=eps, steps=40, loss="dlr"),
    ),
    "pifgsm++": (
        "pifgsm++ steps=10",
        lambda net, eps: torchattacks.PIFGSMPP(net, max_epsilon=eps, num_iter_set=10),
    ),
}
# torchattacks has these attacks for pictures of three channels only.
COLOUR = ["pifgsm++", "ti"]
# The budgets at which the accuracy of a model is far from both 0 and its value without an attack.
EPSILONS = {"fastat": [0.3, 0.4], "smallbn": [0.05, 0.1]}


def theirs(attack, nets, x, y, seed):
    torch.manual_seed(seed)
    started = time.perf_counter()
    found = attack(x, y).detach()
    seconds = time.perf_counter() - started
    with torch.no_grad():
        return [(net(found).argmax(1) == y).float().mean().item() for net in nets], seconds


def ours(side, words, epsilon, seed):
    found = side.attack(words, seed, epsilon=epsilon)
    return [found["accuracy"], *found["transfer"]], found["seconds"]


def mean(runs):
    """The means of the accuracies of all models, in words, and of the times of several runs."""
    accuracies, seconds = zip(*runs)
    shown = [f"{100 * statistics.fmean(column):.1f} %" for column in zip(*accuracies)]
    return [*shown, f"{statistics.fmean(seconds):.1f} s"]


def main():
    options = parser(__doc__.splitlines()[0], TASKS, count=500)
    options.add_argument("--others", nargs="*", default=[], help="files of other models")
    options.add_argument("--epsilons", nargs="*", type=float, help="budgets of all models")
    options = options.parse_args()
    x, y = images(options)
    others = [model(path) for path in options.others]
    tasks = [task for task in options.only if (task in COLOUR) == (x.shape[1] == 3)]
    rows = []
    for name, net, side in sides(options, options.others):
        for task in tasks:
            words, attack = TASKS[task]
            for epsilon in options.epsilons or EPSILONS[name]:
                budget = 10 * epsilon if "norm=l2" in words else epsilon
                seeds = range(1, options.seeds + 1)
                runs = {
                    "Crossfire": [ours(side, words, budget, seed) for seed in seeds],
                    "torchattacks": [
                        theirs(attack(net, epsilon), [net, *others], x, y, seed) for seed in seeds
                    ],
                }
                for library, found in runs.items():
                    rows.append([name, words, f"{budget:g}", library, *mean(found)])
                    print(*rows[-1], sep=" | ", file=sys.stderr, flush=True)
    names = [pathlib.Path(path).stem for path in options.others]
    print("\n".join(table(["model", "attack", "ε", "library", "accuracy", *names, "time"], rows)))


if __name__ == "__main__":
    main()
