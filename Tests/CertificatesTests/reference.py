#!/usr/bin/env python3
"""Writes the bounds of small networks by another library, auto_LiRPA, to reference.safetensors.

    python3 Tests/CertificatesTests/reference.py

Needs PyTorch, safetensors and auto_LiRPA (https://github.com/Verified-Intelligence/auto_LiRPA, here
its commit a050a3d). The networks have random weights. For each network, the file has the weights
under the names of a model file, four images, and for each norm the lower and the upper bounds of the
logits by interval bounds (`ibp`), CROWN-IBP (`crown-ibp`) and CROWN (`crown`).
"""

import math
import pathlib

import torch
from auto_LiRPA import BoundedModule, BoundedTensor
from auto_LiRPA.perturbations import PerturbationLpNorm
from safetensors.torch import save_file
from torch import nn

METHODS = {"ibp": "IBP", "crown-ibp": "CROWN-IBP", "crown": "CROWN"}


class Residual(nn.Module):
    def __init__(self, *body):
        super().__init__()
        self.body = nn.Sequential(*body)

    def forward(self, x):
        return self.body(x) + x


def dense(activation):
    return nn.Sequential(
        nn.Flatten(), nn.Linear(64, 30), activation(), nn.Linear(30, 20), activation(),
        nn.Linear(20, 5),
    )


NETWORKS = {
    "relu": (dense(nn.ReLU), 0.05, 0.4),
    "leakyrelu": (dense(nn.LeakyReLU), 0.05, 0.4),
    "tanh": (dense(nn.Tanh), 0.05, 0.4),
    "sigmoid": (dense(nn.Sigmoid), 0.05, 0.4),
    "conv": (
        nn.Sequential(
            nn.Conv2d(1, 4, 3, stride=2, padding=1), nn.ReLU(), nn.Conv2d(4, 6, 3), nn.ReLU(),
            nn.Flatten(), nn.Linear(24, 5),
        ),
        0.05,
        0.3,
    ),
    "residual": (
        nn.Sequential(
            nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(),
            Residual(nn.Conv2d(4, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 4, 3, padding=1)),
            nn.ReLU(), nn.Flatten(), nn.Linear(256, 5),
        ),
        0.02,
        0.1,
    ),
}


def main():
    torch.manual_seed(1)
    tensors = {}
    for name, (net, linf, l2) in NETWORKS.items():
        net.eval()
        for parameter in net.parameters():
            nn.init.normal_(parameter, std=1.6 / math.sqrt(max(parameter[0].numel(), 4)))
        images = torch.rand(4, 1, 8, 8)
        tensors |= {f"{name}.{key}": value for key, value in net.state_dict().items()}
        tensors[f"{name}.images"] = images
        bounded = BoundedModule(net, torch.zeros(1, 1, 8, 8))
        for norm, order, size in (("linf", math.inf, linf), ("l2", 2, l2)):
            box = BoundedTensor(images, PerturbationLpNorm(norm=order, eps=size))
            tensors[f"{name}.{norm}.size"] = torch.tensor(size)
            for method, theirs in METHODS.items():
                ends = bounded.compute_bounds(x=(box,), method=theirs)
                for end, values in zip(("lower", "upper"), ends):
                    tensors[f"{name}.{norm}.{method}.{end}"] = values.detach()
    # A file keeps no views of other tensors.
    tensors = {key: value.clone().contiguous() for key, value in tensors.items()}
    save_file(tensors, pathlib.Path(__file__).with_name("reference.safetensors"))


if __name__ == "__main__":
    main()
