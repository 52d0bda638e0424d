"""What the comparisons of attacks in Benchmarks/ share: options, models, and Crossfire's side.

Import it before the other libraries. They import packages that no comparison uses; where such a
package is not installed, an empty module takes its place.
"""

import argparse
import importlib.util
import os
import pathlib
import sys
import types

import torch
from safetensors.torch import load_file

from peer_contest import Worker

root = pathlib.Path(__file__).resolve().parent.parent


def stub(name, **members):
    """An empty module with some members."""
    sys.modules[name] = types.ModuleType(name)
    for member, value in members.items():
        setattr(sys.modules[name], member, value)


if not importlib.util.find_spec("torchvision"):
    stub("torchvision.models")
    stub("torchvision", models=sys.modules["torchvision.models"])
if not importlib.util.find_spec("visdom"):
    stub("visdom", Visdom=None)

from peer_libraries import model


def parser(description, tasks, count):
    """The options of all comparisons."""
    made = argparse.ArgumentParser(description=description)
    made.add_argument(
        "--images",
        type=pathlib.Path,
        default=root / ".deps/peers/images.safetensors",
        help="a file with images [N, C, H, W] and labels [N]",
    )
    made.add_argument("--count", type=int, default=count, help="number of images")
    made.add_argument("--only", nargs="+", choices=tasks, default=list(tasks), metavar="TASK")
    made.add_argument("--models", nargs="+", default=["fastat", "smallbn"], metavar="NAME")
    made.add_argument("--seeds", type=int, default=1, help="number of runs with other seeds")
    made.add_argument(
        "--bench",
        default=str(root / ".build/release/crossfire-bench"),
        help="Crossfire's program for measurements",
    )
    return made


def sides(options, others=()):
    """Both sides of each model: a name, a PyTorch module, and `Ours`. All use one thread.

    `others` are files of further models, to which Crossfire also shows its examples.
    """
    torch.set_num_threads(1)
    models = pathlib.Path(os.environ.get("CROSSFIRE_PARITY") or root.parent / "shared/parity")
    for name in options.models:
        path = models / f"{name}.safetensors"
        ours = Ours(options, path, others)
        yield name, model(path), ours
        ours.worker.close()


def images(options):
    """The first images and labels."""
    data = load_file(options.images)
    return data["images"][: options.count], data["labels"][: options.count].long()


class Ours:
    """Crossfire's side for one model."""

    def __init__(self, options, path, others):
        self.count = options.count
        self.worker = Worker(options.bench, options.images, [path, *others], threads=1)

    def attack(self, words, seed, **settings):
        """The answer of `crossfire-bench worker` for an attack and its settings in words."""
        given = " ".join(f"{name}={value}" for name, value in settings.items())
        name, _, own = words.partition(" ")
        return self.worker.ask(f"attack {self.count} {name} {given} seed={seed} {own}")
