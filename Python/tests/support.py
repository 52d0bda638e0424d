"""What the tests share: the built command, PyTorch if there is one, and two small networks."""

import os
import pathlib
import stat
import textwrap
import unittest

root = pathlib.Path(__file__).resolve().parents[2]
built = root / ".build" / "release" / "crossfire"
if built.exists():
    os.environ.setdefault("CROSSFIRE_COMMAND", str(built))

try:
    import numpy
    import torch

    torch.set_num_threads(1)
except ImportError:
    numpy = torch = None
try:
    import pandas
except ImportError:
    pandas = None

needs_torch = unittest.skipUnless(torch, "PyTorch and NumPy are not installed")
needs_pandas = unittest.skipUnless(pandas, "pandas is not installed")
needs_command = unittest.skipUnless(
    os.environ.get("CROSSFIRE_COMMAND"), "there is no built command; run make build"
)


def networks():
    """Two small classifiers of images [3, 8, 8] with four classes."""
    torch.manual_seed(1)

    def network():
        layers = [torch.nn.Conv2d(3, 6, 3, padding=1), torch.nn.ReLU(), torch.nn.Flatten()]
        return torch.nn.Sequential(*layers, torch.nn.Linear(6 * 64, 4))

    return network(), network()


def examples(network, count=40, mean=0.5, std=0.1):
    """Images in [0, 1] and the labels that a network gives them, a few of them changed."""
    images = numpy.random.default_rng(2).random((count, 3, 8, 8), dtype=numpy.float32)
    with torch.no_grad():
        labels = network((torch.from_numpy(images) - mean) / std).argmax(1).numpy()
    labels[:4] = (labels[:4] + 1) % 4
    return images, labels


def accuracy(network, images, labels, mean=0.5, std=0.1):
    """The share of images that a network classifies correctly, computed by PyTorch."""
    with torch.no_grad():
        predicted = network((torch.as_tensor(images) - mean) / std).argmax(1)
    return (predicted == torch.from_numpy(labels)).float().mean().item()


def program(folder, text):
    """A program in place of the command, written in the shell's language."""
    path = pathlib.Path(folder) / "command"
    path.write_text("#!/bin/sh\n" + textwrap.dedent(text))
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)
