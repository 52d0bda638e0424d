#!/usr/bin/env python3
"""Compares the networks of networks.py with those of torchvision, timm and RobustBench: the names
and shapes of all tensors, the logits and the input gradients. Needs torchvision and timm.

    python3 scripts/networks_check.py [FOLDER]

FOLDER is a checkout of RobustBench; without it, its two networks are left out.
"""

import importlib.util
import os
import sys
import types

import timm
import torch
import torchvision.models as vision

import networks

PUBLISHED = {
    "resnet18-imagenet": vision.resnet18,
    "resnet50-imagenet": vision.resnet50,
    "vgg16-bn": vision.vgg16_bn,
    "densenet121": vision.densenet121,
    "mobilenetv2": vision.mobilenet_v2,
    "mobilenetv3-small": vision.mobilenet_v3_small,
    "efficientnet-b0": vision.efficientnet_b0,
    "convnext-t": vision.convnext_tiny,
    "vit-s16": lambda: timm.create_model("vit_small_patch16_224"),
}


def from_robustbench(folder):
    """The networks of RobustBench, whose files are imported one by one."""
    def load(name):
        path = os.path.join(folder, f"robustbench/model_zoo/architectures/{name}.py")
        spec = importlib.util.spec_from_file_location(name, path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    for package in ("robustbench", "robustbench.model_zoo", "robustbench.model_zoo.architectures"):
        sys.modules[package] = types.ModuleType(package)
    utils = types.ModuleType("robustbench.model_zoo.architectures.utils")
    utils.Layer, utils.LipschitzModel = object, type("LipschitzModel", (), {})
    sys.modules[utils.__name__] = utils
    wide, residual = load("dm_wide_resnet"), load("resnet")
    return {
        "wideresnet28-10-silu": lambda: wide.DMWideResNet(activation_fn=torch.nn.SiLU),
        "preactresnet18": residual.PreActResNet18,
    }


def compare(name, theirs):
    ours = networks.build(name)
    theirs.load_state_dict(ours.state_dict(), strict=True)
    theirs.eval()
    images = networks.images(name, count=2)
    results = []
    for model in (ours, theirs):
        x = images.clone().requires_grad_(True)
        logits = model(x)
        loss = torch.nn.functional.cross_entropy(logits, torch.tensor([1, 2]), reduction="sum")
        results.append((logits.detach(), torch.autograd.grad(loss, x)[0]))
    errors = [((a - b).norm() / b.norm()).item() for a, b in zip(*results)]
    count = sum(p.numel() for p in ours.parameters())
    spread = results[0][0].std().item()
    print(f"{name:22} {count:12,} logits {errors[0]:.1e} gradient {errors[1]:.1e} sd {spread:.2f}")
    assert max(errors) < 1e-4, name


if __name__ == "__main__":
    torch.set_num_threads(1)
    published = dict(PUBLISHED)
    if len(sys.argv) > 1:
        published |= from_robustbench(sys.argv[1])
    for name in networks.NAMES:
        if name in published:
            compare(name, published[name]())
