#!/usr/bin/env python3
"""Compares Crossfire with other libraries in one run, on the same weights and images.

    make bench-peers
    .deps/peers/python/bin/python Benchmarks/peers.py [--quick] [--only TASK...]

Crossfire and the libraries take turns. The program prints a table, and writes it to
Benchmarks/results.md unless --quick or --only is given or other programs kept the machine busy.
"""

import argparse
import datetime
import importlib.metadata
import os
import pathlib
import platform
import subprocess
import sys
import textwrap
import time

import torch
from safetensors.torch import load_file

root = pathlib.Path(__file__).resolve().parent.parent
sys.path.append(str(root / "scripts"))
import peer_libraries
import peer_networks
import peer_training
from peer_contest import Contest, Neighbours, Outcome, Skipped, Worker, table
from peer_libraries import Libraries

EPSILON = 0.3
GAMMA = 0.145
BUDGETS = [i / 10 for i in range(10)]
TASKS = ["fgsm", "pgd", "jsma", "sweep", "autoattack", "training", "explanations", "routes"]
LIBRARIES = ["torch", "torchattacks", "adversarial-robustness-toolbox", "foolbox", "pyautoattack"]


class Comparison:
    """All tasks that are compared, one method each."""

    def __init__(self, options):
        self.quick, self.bench, self.rounds = (
            options.quick,
            options.bench,
            2 if options.quick else 5,
        )
        self.home = options.home
        self.images = options.home / "images.safetensors"
        paths = [options.home / f"cnn{i}.safetensors" for i in range(1, 5)]
        self.paths = paths
        data = load_file(self.images)
        self.x, self.y = data["images"], data["labels"]
        self.batch = 64 if self.quick else 256
        self.nets = [peer_libraries.model(path) for path in paths]
        self.libraries = Libraries(self.nets[0], self.x, self.y)
        self.worker = Worker(self.bench, self.images, paths)

    def fgsm(self):
        return self.gradient_signs(
            "FGSM", f"{self.batch} fgsm epsilon={EPSILON}", 1.4, 3 * self.rounds
        )

    def pgd(self):
        task = f"{self.batch} pgd epsilon={EPSILON} start=original alpha=0.01 steps=40"
        return self.gradient_signs("PGD-40", task, 1.7, self.rounds)

    def gradient_signs(self, title, task, floor, rounds):
        """All sides start at the original image, so that they reach nearly the same accuracy."""
        contest = Contest(title, rounds)
        contest.side("Crossfire", lambda: self.worker.attack(task))
        for name, least in (("torchattacks", floor), ("ART", 1.8), ("Foolbox", 1.8)):
            call = getattr(self.libraries, f"{task.split()[1]}_{name.lower()}")
            contest.side(name, lambda call=call: call(self.batch, EPSILON), least)
        return contest.hold()

    def jsma(self):
        count = 4 if self.quick else 16
        task = f"{count} jsma epsilon={GAMMA}"
        self.worker.attack(task)
        contest = Contest("JSMA, one image", 1 if self.quick else 2, warm=False)
        contest.side("Crossfire", lambda: self.worker.attack(task), images=count)
        contest.side(
            "torchattacks", lambda: self.libraries.jsma_torchattacks(count, GAMMA), 100, count
        )
        contest.side("ART", lambda: self.libraries.jsma_art(count, GAMMA), 15, count)
        contest.hold()
        contest.remark = (
            f"JSMA: the target is the next class, γ = {GAMMA}, and {count} images are attacked in "
            "one call; the time is that of the call divided by the number of images. The saliency "
            f"map of ART is not the paper's. {self.bound(contest)}"
        )
        return contest

    def bound(self, contest):
        """How fast these steps would be if all operations ran at the rate of matrix products."""
        rate = peer_libraries.matrix_rate()
        work = sum(contest.outcomes["Crossfire"][-1].passes) * self.worker.about["operations"]
        least = work / rate
        most = [
            f"{contest.seconds(name) / least:.0f} times {name}'s speed"
            for name in ("torchattacks", "ART")
        ]
        return (
            f"Crossfire's passes are {work / 1e9:.1f} GFLOP per image. At the {rate / 1e9:.0f} "
            f"GFLOP/s of this machine's matrix products they would take {least * 1e3:.1f} ms, "
            f"which is {' and '.join(most)}; they take {contest.seconds('Crossfire') * 1e3:.1f} ms."
        )

    def sweep(self):
        count, grids = 128 if self.quick else 1000, {}
        passes = [peer_libraries.count_passes(net) for net in self.nets]

        def outcome(name, seconds, grid, forward, backward):
            grids[name] = grid
            return Outcome(
                seconds, sum(grid) / len(grid) / count, (forward / count, backward / count)
            )

        def ours():
            found = self.worker.ask(f"sweep {count} fgsm " + " ".join(map(str, BUDGETS)))
            return outcome(
                "ours", found["seconds"], found["grid"], found["forwards"], found["backwards"]
            )

        def theirs():
            for counter in passes:
                counter.clear()
            seconds, grid = peer_libraries.sweep_torchattacks(
                self.nets, self.x[:count], self.y[:count], BUDGETS
            )
            forward, backward = (
                sum(counter[kind] for counter in passes) for kind in ("forward", "backward")
            )
            return outcome("theirs", seconds, grid, forward, backward)

        contest = Contest("sweep", 1, warm=False)
        contest.side("Crossfire", ours)
        contest.side("torchattacks", theirs, 2.2)
        contest.hold()
        apart = max(abs(a - b) for a, b in zip(grids["ours"], grids["theirs"]))
        contest.remark = (
            f"Sweep: FGSM on all pairs of {len(self.nets)} models, {len(BUDGETS)} budgets and "
            f"{count} images; torchattacks runs in the loop that a user would write. None of the "
            f"{len(grids['ours'])} cells differs by more than {apart} images."
        )
        return contest

    def autoattack(self):
        folder = pathlib.Path(os.environ.get("CROSSFIRE_PARITY") or root.parent / "shared/parity")
        path = folder / "fastat.safetensors"
        if not path.exists():
            raise Skipped("fastat.safetensors was not found in the folder CROSSFIRE_PARITY")
        count = 16 if self.quick else 200
        worker = Worker(self.bench, self.images, [path])
        libraries = Libraries(peer_libraries.model(path), self.x, self.y)
        try:
            worker.attack("1 autoattack epsilon=0")
            contest = Contest("AutoAttack", 1, warm=False)
            contest.side(
                "Crossfire", lambda: worker.attack(f"{count} autoattack epsilon={EPSILON}")
            )
            contest.side(
                "torchattacks, 100 steps",
                lambda: libraries.autoattack_torchattacks100(count, EPSILON),
                1.3,
            )
            contest.side(
                "torchattacks, its own 10",
                lambda: libraries.autoattack_torchattacks(count, EPSILON),
            )
            contest.side(
                "pyautoattack", lambda: libraries.autoattack_pyautoattack(count, EPSILON), 1.3
            )
            contest.hold()
        finally:
            worker.close()
        right = [found[0].accuracy for found in contest.outcomes.values()]
        apart = 100 * max(abs(accuracy - right[0]) for accuracy in right)
        contest.remark = (
            f"AutoAttack: the standard ensemble, ε = {EPSILON}, {count} images, one round, on the "
            "robust model fastat. torchattacks takes 10 steps of each gradient attack by default, "
            f"the paper and pyautoattack take 100. The robust accuracies differ by {apart:.1f} "
            f"percentage points ({'as required, ' if apart <= 1 else 'MISSED: '}at most 1)."
        )
        return contest

    def training(self):
        contest = self.training_steps(
            "double backpropagation",
            "gradient-regularization penalty=double-backpropagation lambda=100",
            peer_training.DoubleBackpropagation,
        )
        contest.remark = (
            "Double backpropagation: one step of Adam on cross-entropy + λ · mean ‖input "
            "gradient‖² with λ = 100, in PyTorch by torch.autograd.grad(..., "
            "create_graph=True). The result is the accuracy on the batch after the last step."
        )
        return contest

    def explanations(self):
        """Training with constraints on explanations: squares at the corners are masked."""
        masked = [
            ("RRR", "rrr lambda=1000", peer_training.RightForTheRightReasons),
            (
                "PGD-Ex",
                "pgd-ex epsilon=0.3 steps=7",
                peer_training.ProjectedGradientExplanation,
            ),
            (
                "IBP-Ex",
                "ibp-ex epsilon=0.1 epsilonStart=0.1 clean=0.5",
                peer_training.IntervalExplanation,
            ),
        ]
        return [self.training_steps(*words) for words in masked]

    def training_steps(self, title, task, peer):
        """Both sides continue to train from the same weights; only the dropout masks differ."""
        learner = peer(self.paths[0], self.x[: self.batch], self.y[: self.batch])
        contest = Contest(title, self.rounds)
        contest.side(
            "Crossfire", lambda: self.worker.train(f"train {self.batch} {task}", self.batch)
        )
        contest.side("PyTorch, eager", learner.step, 1.3)
        return contest.hold()

    def routes(self):
        """The input gradient of published networks through every kind of file."""
        return [
            self.route(network, size, count, kind)
            for network, size, count in (("resnet18", 32, 32), ("resnet50-imagenet", 224, 4))
            for kind in peer_networks.KINDS
        ]

    def route(self, name, size, count, kind):
        model, path, notes = peer_networks.written(self.home, name, size, kind)
        x = torch.rand(count, 3, size, size).contiguous(memory_format=torch.channels_last)
        x.requires_grad_(True)

        def ours():
            found = self.worker.ask(f"gradient {count} {size} {path} {notes}")
            return Outcome(found["seconds"], 0, (1, 1))

        def theirs():
            start = time.perf_counter()
            torch.autograd.grad(model(x)[:, 0].sum(), x)
            return Outcome(time.perf_counter() - start, 0, (1, 1))

        contest = Contest(f"{name}, {kind}", 3 * self.rounds)
        contest.side("Crossfire", ours)
        contest.side("PyTorch, eager", theirs, 1.2 if kind == "layers" else 1)
        return contest.hold()

    def profile(self):
        """The time of each part of a PGD step, as lines of text."""
        parts = self.worker.ask(f"profile {self.batch}")["profile"]
        whole = parts.pop()["forward"]
        total = sum(part["forward"] + part["backward"] for part in parts)
        lines = [f"{'':<30}{'forward':>10}{'backward':>10}{'share':>9}"]
        for part in parts:
            share = 100 * (part["forward"] + part["backward"]) / total
            lines.append(
                f"{part['name']:<30}{part['forward']:7.2f} ms{part['backward']:7.2f} ms"
                f"{share:7.0f} %"
            )
        return lines + [
            f"{'sum of the parts':<30}{total:7.2f} ms",
            f"{'one step, measured as a whole':<30}{whole:7.2f} ms",
        ]


def machine(about):
    try:
        with open("/proc/cpuinfo") as file:
            processor = next(
                line.split(":")[1].strip() for line in file if line.startswith("model name")
            )
    except (OSError, StopIteration):
        processor = platform.processor() or platform.machine()
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in LIBRARIES)
    return (
        f"{datetime.date.today()}, {processor}, {os.cpu_count()} cores, {platform.system()}; 2 "
        f"threads on each side. Crossfire {about['crossfire']} on libtorch {about['libtorch']}; "
        f"Python {platform.python_version()}, {versions}."
    )


def filled(text, first="", rest=""):
    return textwrap.wrap(
        text, 98, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False
    )


def report(options):
    neighbours = Neighbours()
    comparison = Comparison(options)
    head = ["task", "library", "time", "passes", "result", "faster", "at least"]
    rows, remarks, profile = [], [], []
    for task in options.only or TASKS:
        try:
            held = getattr(comparison, task)()
            for contest in held if isinstance(held, list) else [held]:
                rows += contest.rows()
                print("\n".join(table(head, list(contest.rows()))), file=sys.stderr)
                remarks += [contest.remark] if contest.remark else []
        except Skipped as reason:
            remarks.append(f"{task} was not compared: {reason}.")
    if not options.only:
        profile = [
            "",
            "Where the time of one step of PGD goes:",
            "",
            *["    " + line for line in comparison.profile()],
        ]
    comparison.worker.close()
    others = neighbours.share()
    about = (
        f"The network is `cnn`, a batch has {comparison.batch} MNIST images, and ε = {EPSILON} "
        "unless stated otherwise. All sides have the same weights and images and take turns. "
        'Times are medians. "Faster" is the time of the library divided by that of Crossfire in '
        "the same round, as the median over rounds. Passes are the forward and backward passes "
        "per image: the rows of outputs that were computed, and those that gradients came back "
        f"to. Meanwhile, other programs kept {others:.2f} processors busy."
    )
    lines = [
        "# Crossfire beside other libraries",
        "",
        *filled(machine(comparison.worker.about)),
        "",
        *filled(about),
        "",
        *table(head, rows),
        "",
        *[line for remark in remarks for line in filled(remark, "- ", "  ")],
        *profile,
    ]
    return "\n".join(lines) + "\n", others


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--quick",
        action="store_true",
        help="few images and rounds: shows that it runs, but measures nothing",
    )
    parser.add_argument("--only", nargs="+", choices=TASKS, help="run these tasks only")
    parser.add_argument(
        "--home",
        type=pathlib.Path,
        default=root / ".deps/peers",
        help="where models and images are kept",
    )
    parser.add_argument(
        "--bench", default=root / ".build/release/crossfire-bench", help="the built crossfire-bench"
    )
    options = parser.parse_args()
    torch.set_num_threads(2)
    subprocess.run([str(options.bench), "prepare", str(options.home)], check=True)
    text, others = report(options)
    print(text)
    if options.quick or options.only:
        return
    if others > 0.1:
        sys.exit(
            "peers: other programs kept the machine busy, so Benchmarks/results.md was not changed"
        )
    (root / "Benchmarks/results.md").write_text(text)


if __name__ == "__main__":
    main()
