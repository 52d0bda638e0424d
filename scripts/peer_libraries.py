"""The sides of Benchmarks/peers.py that are not Crossfire.

The models are PyTorch modules with the same weights, and each attack is called as a user of its
library would call it. Only the call is timed; models, images and wrappers are made before.
"""

import json
import logging
import time
import warnings
from collections import Counter

import numpy as np
import torch
from safetensors import safe_open
from torch import nn

import foolbox
import pyautoattack
import torchattacks
from art.attacks import evasion as art
from art.estimators.classification import PyTorchClassifier

from peer_contest import Outcome

warnings.filterwarnings("ignore")
logging.disable(logging.CRITICAL)


def model(path):
    """A model file as an nn.Sequential with the same weights.

    The file is Crossfire's, or a safetensors file with `layers` and `input` in its metadata.
    """
    with safe_open(path, "pt") as file:
        metadata = file.metadata()
        state = {name: file.get_tensor(name) for name in file.keys()}
    if "crossfire" in metadata:
        about = json.loads(metadata["crossfire"])["model"]
    else:
        about = {"layers": json.loads(metadata["layers"]), "input": metadata["input"]}
    layers, flat = [], False
    for text in about["layers"]:
        words = text.split()
        flat = flat or words[0] == "flatten"
        layers.append(layer(words, flat))
    made = nn.Sequential(*layers)
    # The input is written as 1x28x28, and words may follow. The lazy layers find their own sizes.
    made(torch.zeros(2, *map(int, about["input"].split()[0].split("x"))))
    made.load_state_dict(state)
    return made.eval()


def layer(words, flat):
    kind, options = words[0], dict(zip(words[2::2], words[3::2]))
    number = lambda name, default: int(options.get(name, default))
    match kind:
        case "conv":
            return nn.LazyConv2d(
                int(words[1]), number("kernel", 3), number("stride", 1), number("padding", 0)
            )
        case "linear":
            return nn.LazyLinear(int(words[1]))
        case "batchnorm":
            return nn.LazyBatchNorm1d() if flat else nn.LazyBatchNorm2d()
        case "maxpool":
            return nn.MaxPool2d(int(words[1]))
        case "dropout":
            return nn.Dropout(float(words[1]))
        case "relu":
            return nn.ReLU()
        case "flatten":
            return nn.Flatten()
    raise ValueError(f"no PyTorch layer for '{' '.join(words)}'")


def count_passes(net):
    """Counts the images that go forward through a module from now on, and the rows of outputs that
    gradients come back to."""
    passes = Counter()

    def back(gradient):
        passes["backward"] += len(gradient)

    def forward(_, __, output):
        passes["forward"] += len(output)
        if output.requires_grad:
            output.register_hook(back)

    net[-1].register_forward_hook(forward)  # ART calls the layers, not the module
    return passes


def matrix_rate(side=2048, rounds=9):
    """Floating-point operations per second of large matrix products, in the best round."""
    a, b = torch.rand(side, side), torch.rand(side, side)
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        a @ b
        times.append(time.perf_counter() - started)
    return 2 * side**3 / min(times)


class Libraries:
    """All libraries, for one model and one set of images."""

    def __init__(self, net, images, labels):
        self.net, self.images, self.labels = net, images, labels
        self.passes = count_passes(net)
        self.foolbox = foolbox.PyTorchModel(net, bounds=(0, 1), device="cpu")
        self.art = PyTorchClassifier(
            net,
            loss=nn.CrossEntropyLoss(),
            input_shape=tuple(images.shape[1:]),
            nb_classes=10,
            clip_values=(0, 1),
            device_type="cpu",
        )

    def outcome(self, count, call, targeted=False):
        x, y = self.images[:count], self.labels[:count]
        self.passes.clear()
        started = time.perf_counter()
        adversarial = call(x, y)
        seconds = time.perf_counter() - started
        passes = self.passes["forward"] / count, self.passes["backward"] / count
        adversarial = torch.as_tensor(adversarial)
        with torch.no_grad():
            predicted = self.net(adversarial).argmax(1)
        share = lambda wanted: (predicted == wanted).float().mean().item()
        changed = (adversarial != x).flatten(1).sum(1).float().mean().item()
        return Outcome(
            seconds, share(y), passes, share((y + 1) % 10) if targeted else None, changed
        )

    # FGSM, and PGD with 40 steps of 0.01, both from the original image.
    def fgsm_torchattacks(self, count, epsilon):
        return self.outcome(count, torchattacks.FGSM(self.net, eps=epsilon))

    def fgsm_foolbox(self, count, epsilon):
        return self.outcome(count, self.foolbox_call(foolbox.attacks.FGSM(), epsilon))

    def fgsm_art(self, count, epsilon):
        attack = art.FastGradientMethod(self.art, eps=epsilon, batch_size=count)
        return self.outcome(count, lambda x, y: attack.generate(x.numpy(), y.numpy()))

    def pgd_torchattacks(self, count, epsilon):
        attack = torchattacks.PGD(self.net, eps=epsilon, alpha=0.01, steps=40, random_start=False)
        return self.outcome(count, attack)

    def pgd_foolbox(self, count, epsilon):
        attack = foolbox.attacks.LinfPGD(abs_stepsize=0.01, steps=40, random_start=False)
        return self.outcome(count, self.foolbox_call(attack, epsilon))

    def pgd_art(self, count, epsilon):
        attack = art.ProjectedGradientDescent(
            self.art,
            eps=epsilon,
            eps_step=0.01,
            max_iter=40,
            num_random_init=0,
            batch_size=count,
            verbose=False,
        )
        return self.outcome(count, lambda x, y: attack.generate(x.numpy(), y.numpy()))

    def foolbox_call(self, attack, epsilon):
        return lambda x, y: attack(self.foolbox, x, y, epsilons=epsilon)[1]

    # JSMA towards the next class, changing at most a share γ of the pixels.
    def jsma_torchattacks(self, count, gamma):
        return self.outcome(
            count, torchattacks.JSMA(self.net, theta=1.0, gamma=gamma), targeted=True
        )

    def jsma_art(self, count, gamma):
        attack = art.SaliencyMapMethod(
            self.art, theta=1.0, gamma=gamma, batch_size=count, verbose=False
        )
        target = lambda y: np.eye(10, dtype=np.float32)[(y.numpy() + 1) % 10]
        return self.outcome(
            count, lambda x, y: attack.generate(x.numpy(), target(y)), targeted=True
        )

    def autoattack_torchattacks(self, count, epsilon):
        """With the library's defaults: 10 steps of each gradient attack. The paper takes 100."""
        return self.outcome(count, torchattacks.AutoAttack(self.net, eps=epsilon, seed=0))

    def autoattack_torchattacks100(self, count, epsilon):
        """The same four attacks with the paper's 100 steps."""
        common = {"eps": epsilon, "seed": 0}
        return self.outcome(
            count,
            torchattacks.MultiAttack(
                [
                    torchattacks.APGD(self.net, steps=100, loss="ce", **common),
                    torchattacks.APGDT(self.net, steps=100, n_classes=10, **common),
                    torchattacks.FAB(
                        self.net, steps=100, multi_targeted=True, n_classes=10, **common
                    ),
                    torchattacks.Square(self.net, n_queries=5000, **common),
                ]
            ),
        )

    def autoattack_pyautoattack(self, count, epsilon):
        attack = pyautoattack.AutoAttack(self.net, eps=epsilon, seed=0)
        return self.outcome(
            count, lambda x, y: attack.run_standard_evaluation(x, y, batch_size=256)[0]
        )


def sweep_torchattacks(nets, images, labels, epsilons):
    """The loop that a user of torchattacks would write.

    Returns its seconds, and the number of right predictions by source, budget and target model.
    """
    batches = list(zip(images.split(256), labels.split(256)))
    started = time.perf_counter()
    grid = []
    for source in nets:
        for epsilon in epsilons:
            attack = torchattacks.FGSM(source, eps=epsilon)
            right = [0] * len(nets)
            for x, y in batches:
                adversarial = attack(x, y)
                with torch.no_grad():
                    for place, victim in enumerate(nets):
                        right[place] += (victim(adversarial).argmax(1) == y).sum().item()
            grid += right
    return time.perf_counter() - started, grid
