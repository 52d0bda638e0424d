#!/usr/bin/env python3
"""Crossfire beside the libraries users would take instead, in one run: same weights, same images, turns taken.

    make bench-peers            or: .deps/peers/python/bin/python Benchmarks/peers.py [--quick] [--only TASK...]

Prints a table and writes it to Benchmarks/results.md, unless --quick or --only is given or other programs kept the machine
busy.
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

import torch
from safetensors.torch import load_file

root = pathlib.Path(__file__).resolve().parent.parent
sys.path.append(str(root / "scripts"))
import peer_libraries
from peer_contest import Contest, Neighbours, Outcome, Skipped, Worker, table
from peer_libraries import Libraries

EPSILON = 0.3
GAMMA = 0.145
LAMBDA = 100
BUDGETS = [i / 10 for i in range(10)]
TASKS = ["fgsm", "pgd", "jsma", "sweep", "autoattack", "training"]
LIBRARIES = ["torch", "torchattacks", "adversarial-robustness-toolbox", "foolbox", "pyautoattack"]


class Comparison:
    """Everything that is compared, each task a method."""

    def __init__(self, options):
        self.quick, self.bench, self.rounds = options.quick, options.bench, 2 if options.quick else 7
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
        return self.gradient_signs("FGSM", f"{self.batch} fgsm epsilon={EPSILON}", 1.4, 3 * self.rounds)

    def pgd(self):
        task = f"{self.batch} pgd epsilon={EPSILON} start=original alpha=0.01 steps=40"
        return self.gradient_signs("PGD-40", task, 1.7, self.rounds)

    def gradient_signs(self, title, task, floor, rounds):
        """Both sides start at the original image, so the same work ends in all but the same accuracy."""
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
        contest = Contest("JSMA, one image", 1 if self.quick else 3, warm=False)
        contest.side("Crossfire", lambda: self.worker.attack(task), images=count)
        contest.side("torchattacks", lambda: self.libraries.jsma_torchattacks(count, GAMMA), 100, count)
        contest.side("ART", lambda: self.libraries.jsma_art(count, GAMMA), 15, count)
        contest.remark = (
            f"JSMA: towards the next class, γ = {GAMMA}, {count} images in one call, whose seconds are shared among them. The "
            f"saliency map of ART is not the paper's.")
        return contest.hold()

    def sweep(self):
        count, grids = 128 if self.quick else 1000, {}
        passes = [peer_libraries.count_passes(net) for net in self.nets]

        def outcome(name, seconds, grid, forward, tracked):
            grids[name] = grid
            return Outcome(seconds, sum(grid) / len(grid) / count, (forward / count, tracked / count))

        def ours():
            found = self.worker.ask(f"sweep {count} fgsm " + " ".join(map(str, BUDGETS)))
            return outcome("ours", found["seconds"], found["grid"], found["forwards"], found["backwards"])

        def theirs():
            for counter in passes:
                counter.clear()
            seconds, grid = peer_libraries.sweep_torchattacks(self.nets, self.x[:count], self.y[:count], BUDGETS)
            forward, tracked = (sum(counter[kind] for counter in passes) for kind in ("forward", "tracked"))
            return outcome("theirs", seconds, grid, forward, tracked)

        contest = Contest("sweep", 1 if self.quick else 3, warm=False)
        contest.side("Crossfire", ours)
        contest.side("torchattacks", theirs, 2.2)
        contest.hold()
        apart = max(abs(a - b) for a, b in zip(grids["ours"], grids["theirs"]))
        contest.remark = (
            f"Sweep: FGSM, {len(self.nets)} models, all pairs, {len(BUDGETS)} budgets, {count} images; torchattacks in the loop "
            f"a user writes. Of {len(grids['ours'])} cells none differs by more than {apart} images.")
        return contest

    def autoattack(self):
        folder = pathlib.Path(os.environ.get("CROSSFIRE_PARITY") or root.parent / "shared/parity")
        path = folder / "fastat.safetensors"
        if not path.exists():
            raise Skipped("there is no fastat.safetensors (CROSSFIRE_PARITY, or ../shared/parity)")
        count = 16 if self.quick else 200
        worker = Worker(self.bench, self.images, [path])
        libraries = Libraries(peer_libraries.model(path), self.x, self.y)
        try:
            worker.attack("1 autoattack epsilon=0")
            contest = Contest("AutoAttack", 1, warm=False)
            contest.side("Crossfire", lambda: worker.attack(f"{count} autoattack epsilon={EPSILON}"))
            contest.side("torchattacks, 100 steps", lambda: libraries.autoattack_torchattacks100(count, EPSILON), 1.3)
            contest.side("torchattacks, its own 10", lambda: libraries.autoattack_torchattacks(count, EPSILON))
            contest.side("pyautoattack", lambda: libraries.autoattack_pyautoattack(count, EPSILON), 1.3)
            contest.hold()
        finally:
            worker.close()
        right = [found[0].accuracy for found in contest.outcomes.values()]
        apart = 100 * max(abs(accuracy - right[0]) for accuracy in right)
        contest.remark = (
            f"AutoAttack: the standard ensemble, ε = {EPSILON}, {count} images, one round, on fastat, of which images survive. "
            f"torchattacks takes 10 steps of each gradient attack unless told otherwise, the paper and pyautoattack 100. "
            f"The robust accuracies are {apart:.1f} points apart; {'as wanted, ' if apart <= 1 else 'MISSED: '}at most 1.")
        return contest

    def training(self):
        """Both sides go on training from the same weights; only dropout's masks differ."""
        learner = peer_libraries.DoubleBackpropagation(self.paths[0], self.x[:self.batch], self.y[:self.batch], LAMBDA)
        contest = Contest("double backpropagation", self.rounds)
        contest.side("Crossfire", lambda: self.worker.train(f"double-backprop {self.batch} {LAMBDA}", self.batch))
        contest.side("PyTorch, eager", learner.step, 1.3)
        contest.remark = (
            f"Double backpropagation: one step of Adam on cross-entropy + λ · mean ‖input gradient‖², λ = {LAMBDA}, by "
            f"torch.autograd.grad(..., create_graph=True) in PyTorch; right are images of the batch after the last step.")
        return contest.hold()

    def profile(self):
        """Where the time of a step of PGD goes, as lines of text."""
        parts = self.worker.ask(f"profile {self.batch}")["profile"]
        whole = parts.pop()["forward"]
        total = sum(part["forward"] + part["backward"] for part in parts)
        lines = [f"{'':<30}{'forward':>10}{'backward':>10}{'share':>9}"]
        for part in parts:
            share = 100 * (part["forward"] + part["backward"]) / total
            lines.append(f"{part['name']:<30}{part['forward']:7.2f} ms{part['backward']:7.2f} ms{share:7.0f} %")
        return lines + [f"{'sum of the parts':<30}{total:7.2f} ms", f"{'one step, measured as a whole':<30}{whole:7.2f} ms"]


def machine(about):
    try:
        with open("/proc/cpuinfo") as file:
            processor = next(line.split(":")[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        processor = platform.processor() or platform.machine()
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in LIBRARIES)
    return (
        f"{datetime.date.today()}, {processor}, {os.cpu_count()} cores, {platform.system()}; 2 threads on each side. "
        f"Crossfire {about['crossfire']} on libtorch {about['libtorch']}; Python {platform.python_version()}, {versions}.")


def filled(text, first="", rest=""):
    return textwrap.wrap(text, 98, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False)


def report(options):
    neighbours = Neighbours()
    comparison = Comparison(options)
    rows, remarks, profile = [], [], []
    for task in options.only or TASKS:
        try:
            contest = getattr(comparison, task)()
            rows += contest.rows()
            remarks += [contest.remark] if contest.remark else []
        except Skipped as reason:
            remarks.append(f"{task} was not compared: {reason}.")
    if not options.only:
        profile = ["", "Where the time of one step of PGD goes:", "", *["    " + line for line in comparison.profile()]]
    comparison.worker.close()
    others = neighbours.share()
    about = (
        f"The network is `cnn`, a batch has {comparison.batch} MNIST images, ε = {EPSILON} unless stated. All sides have the same "
        f"weights and images and take turns; times are medians, and \"faster\" is the median over rounds of a round's ratio. "
        f"Passes are those of an image forward, and how many of them were made to be differentiated. "
        f"Other programs used {others:.2f} processors meanwhile.")
    head = ["task", "library", "time", "passes", "result", "faster", "at least"]
    lines = [
        "# Crossfire beside other libraries", "", *filled(machine(comparison.worker.about)), "", *filled(about), "",
        *table(head, rows), "", *[line for remark in remarks for line in filled(remark, "- ", "  ")], *profile]
    return "\n".join(lines) + "\n", others


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few images and rounds: shows that it runs, measures nothing")
    parser.add_argument("--only", nargs="+", choices=TASKS, help="these tasks")
    parser.add_argument("--home", type=pathlib.Path, default=root / ".deps/peers", help="where models and images are kept")
    parser.add_argument("--bench", default=root / ".build/release/crossfire-bench", help="the built crossfire-bench")
    options = parser.parse_args()
    torch.set_num_threads(2)
    subprocess.run([str(options.bench), "prepare", str(options.home)], check=True)
    text, others = report(options)
    print(text)
    if options.quick or options.only:
        return
    if others > 0.1:
        sys.exit("peers: other programs kept the machine busy: Benchmarks/results.md is left as it was")
    (root / "Benchmarks/results.md").write_text(text)


if __name__ == "__main__":
    main()
