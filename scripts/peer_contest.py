"""The parts of Benchmarks/peers.py: Crossfire as a process, contests in turns, and tables."""

import json
import os
import statistics
import subprocess
import sys
import time
from collections import namedtuple

# The result of a call: its seconds, the accuracy on the adversarial images, the forward and
# backward passes per image, the share of images classified as their target, and the mean
# perturbation size.
Outcome = namedtuple("Outcome", "seconds accuracy passes hits size", defaults=(None, None))


class Skipped(Exception):
    """The reason why a task cannot be compared on this machine."""


class Worker:
    """Crossfire in a process of its own, `crossfire-bench worker`, which does one task per line."""

    def __init__(self, bench, images, models, threads=2):
        command = [str(word) for word in (bench, "worker", images, *models)]
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": str(threads)},
        )
        self.about = self.answer()

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"peers: crossfire-bench ended with status {self.process.wait()}")
        return json.loads(line)

    def ask(self, task):
        print(task, file=self.process.stdin, flush=True)
        found = self.answer()
        if "failure" in found:
            raise Skipped(found["failure"])
        return found

    def attack(self, task):
        """Runs an attack; the text of the task begins with the number of images."""
        found, count = self.ask(f"attack {task}"), int(task.split()[0])
        passes = found["forwards"] / count, found["backwards"] / count
        return Outcome(
            found["seconds"], found["accuracy"], passes, found.get("hits"), found["size"]
        )

    def train(self, task, count):
        found = self.ask(task)
        return Outcome(
            found["seconds"],
            found["accuracy"],
            (found["forwards"] / count, found["backwards"] / count),
        )

    def close(self):
        """Ends the process. After that, its processor time counts as that of this program."""
        self.process.stdin.close()
        self.process.wait()


class Contest:
    """One task that all sides do in turn, Crossfire first, in several rounds.

    If the machine gets slower or faster meanwhile, it does so for all sides. The ratio of two sides
    is therefore computed within each round, and its median over the rounds is reported.
    """

    def __init__(self, title, rounds, warm=True):
        self.title, self.rounds, self.warm, self.remark = title, rounds, warm, ""
        self.sides, self.outcomes = {}, {}

    def side(self, name, call, floor=None, images=1):
        """Adds a side. Crossfire must be `floor` times as fast; a call does `images` images."""
        self.sides[name], self.outcomes[name] = (call, floor, images), []

    def hold(self):
        print(f"  {self.title} ", end="", file=sys.stderr, flush=True)
        for turn in range(-1 if self.warm else 0, self.rounds):
            for name, (call, _, images) in self.sides.items():
                outcome = call()
                if turn >= 0:
                    self.outcomes[name].append(outcome._replace(seconds=outcome.seconds / images))
            print(".", end="", file=sys.stderr, flush=True)
        print(file=sys.stderr)
        return self

    def seconds(self, name):
        return statistics.median(outcome.seconds for outcome in self.outcomes[name])

    def rows(self):
        ours = self.outcomes["Crossfire"]
        for name, found in self.outcomes.items():
            seconds = self.seconds(name)
            ratio = statistics.median(
                theirs.seconds / mine.seconds for mine, theirs in zip(ours, found)
            )
            floor = self.sides[name][1]
            least = "" if floor is None else f"{floor:g}" + ("" if ratio >= floor else " missed")
            shown = f"{seconds * 1e3:.1f} ms" if seconds < 1 else f"{seconds:.2f} s"
            passes = " ".join(f"{count:.0f}" for count in found[-1].passes)
            faster = "" if name == "Crossfire" else f"{ratio:.2f}"
            yield [self.title, name, shown, passes, result(found[-1]), faster, least]


def result(outcome):
    if outcome.hits is None:
        return f"{100 * outcome.accuracy:.2f} % right"
    return f"{100 * outcome.hits:.0f} % reached, {outcome.size:.1f} px"


def table(head, rows):
    """A Markdown table with aligned columns."""
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    line = (
        lambda row: "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |"
    )
    return [
        line(head),
        "|" + "|".join("-" * (width + 2) for width in widths) + "|",
        *map(line, rows),
    ]


class Neighbours:
    """Measures how busy other programs keep the machine; 0 on systems without /proc/stat."""

    def __init__(self):
        self.start = self.now()

    @staticmethod
    def now():
        own = sum(os.times()[:4])  # this program, and children that have ended
        try:
            with open("/proc/stat") as file:
                user, nice, system = map(int, file.readline().split()[1:4])
        except OSError:
            return None
        return time.monotonic(), (user + nice + system) / os.sysconf("SC_CLK_TCK"), own

    def share(self):
        """The mean number of processors that other programs kept busy, once all workers ended."""
        end = self.now()
        if self.start is None or end is None:
            return 0.0
        elapsed, busy, own = (b - a for a, b in zip(self.start, end))
        return max(0.0, (busy - own) / elapsed)
