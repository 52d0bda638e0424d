#!/usr/bin/env python3
"""Twelve published networks in plain torch.nn, with random weights, for checks of the ways in which
a model gets from PyTorch to Crossfire.

    import networks
    model = networks.build("resnet50-imagenet")               # 1,000 classes, 224x224 pixels
    model = networks.build("resnet50-imagenet", size=64, classes=10, seed=3)
    size, classes = networks.SIZES["resnet50-imagenet"]

    python3 scripts/networks.py FOLDER [NAME ...]             # writes FOLDER/NAME.pth

Structure and parameter names are those of torchvision (resnet18-imagenet, resnet50-imagenet,
vgg16-bn, densenet121, mobilenetv2, mobilenetv3-small, efficientnet-b0, convnext-t), of timm
(vit-s16), of RobustBench (wideresnet28-10-silu, preactresnet18) and of
akamaster/pytorch_resnet_cifar10 (resnet20). The modules lie in the files network_*.py beside this
one. `scripts/networks_check.py` compares them with the published implementations.
"""

import os
import sys

import torch
import torch.nn as nn

from network_dense import DenseNet, VGG
from network_mobile import EfficientNetB0, MobileNetV2, MobileNetV3Small
from network_residual import CifarResNet, PreActResNet, ResNet, WideResNet
from network_transformer import ConvNeXtTiny, ViTSmall

# Name: (the module for a size of the images and a number of classes, that size, that number).
_MAKERS = {
    "resnet18-imagenet": (lambda size, classes: ResNet([2, 2, 2, 2], False, classes), 224, 1000),
    "resnet50-imagenet": (lambda size, classes: ResNet([3, 4, 6, 3], True, classes), 224, 1000),
    "resnet20": (lambda size, classes: CifarResNet(3, classes), 32, 10),
    "wideresnet28-10-silu": (lambda size, classes: WideResNet(28, 10, classes), 32, 10),
    "preactresnet18": (lambda size, classes: PreActResNet(classes), 32, 10),
    "vgg16-bn": (lambda size, classes: VGG(classes), 224, 1000),
    "densenet121": (lambda size, classes: DenseNet(classes), 224, 1000),
    "mobilenetv2": (lambda size, classes: MobileNetV2(classes), 224, 1000),
    "mobilenetv3-small": (lambda size, classes: MobileNetV3Small(classes), 224, 1000),
    "efficientnet-b0": (lambda size, classes: EfficientNetB0(classes), 224, 1000),
    "vit-s16": (lambda size, classes: ViTSmall(size, classes), 224, 1000),
    "convnext-t": (lambda size, classes: ConvNeXtTiny(classes), 224, 1000),
}

NAMES = list(_MAKERS)
# The published size of the images, and the published number of classes, by name.
SIZES = {name: (size, classes) for name, (_, size, classes) in _MAKERS.items()}


def build(name, size=None, classes=None, seed=0):
    """The network in evaluation mode with random weights, for images [N, 3, size, size] in [0, 1].

    The same arguments give the same weights. Batch normalisations get random scales and shifts, and
    statistics that are near to those of `images` but not equal to them, so that a reader that
    mixes them up is found out. The logits depend on the image and do not saturate the softmax.
    """
    make, published_size, published_classes = _MAKERS[name]
    size, classes = size or published_size, classes or published_classes
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = make(size, classes)
        with torch.no_grad():
            for parameter_name, parameter in model.named_parameters():
                parameter.copy_(_start(parameter_name, parameter))
            batch = images(name, size=size, seed=seed)
            _set_statistics(model, batch)
            _spread_logits(model.eval(), batch)
    return model.eval()


def images(name, count=8, size=None, seed=1):
    """Random images [count, 3, size, size] in [0, 1]: coarse blobs with noise."""
    size = size or SIZES[name][0]
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(count, 3, 8, 8, generator=generator)
    smooth = nn.functional.interpolate(coarse, (size, size), mode="bilinear", align_corners=False)
    return (0.8 * smooth + 0.2 * torch.rand(count, 3, size, size, generator=generator)).clamp(0, 1)


def _start(name, parameter):
    """Random numbers for a parameter."""
    if name.endswith("layer_scale"):
        return 0.1 + 0.4 * torch.rand_like(parameter)
    if name in ("cls_token", "pos_embed"):
        return 0.1 * torch.randn_like(parameter)
    if parameter.dim() > 1:
        # Twice the variance makes up for ReLU, which removes half of the numbers.
        gain = 2 if parameter.dim() == 4 else 1
        return (gain / parameter[0].numel()) ** 0.5 * torch.randn_like(parameter)
    if name.endswith("weight"):
        return 0.5 + torch.rand_like(parameter)
    return 0.2 * torch.randn_like(parameter)


def _set_statistics(model, batch):
    """Sets the running statistics of batch normalisations to those of a batch, and moves them."""
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    if not norms:
        return
    published = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 1.0
    model.train()
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.eval()
    model(batch)
    for norm, momentum in zip(norms, published):
        norm.momentum = momentum
        mean, variance = norm.running_mean, norm.running_var
        mean.add_(0.2 * (variance + norm.eps).sqrt() * torch.randn_like(mean))
        variance.mul_(torch.exp(0.3 * torch.randn_like(variance)))
        norm.num_batches_tracked.fill_(1)


def _spread_logits(model, batch):
    """Gives each logit a mean near 0, and all of them a standard deviation near 1."""
    last = [module for module in model.modules() if isinstance(module, nn.Linear)][-1]
    logits = model(batch)
    factor = 1 / (logits - logits.mean(0)).std()
    last.weight.mul_(factor)
    last.bias.copy_(factor * (last.bias - logits.mean(0)) + 0.2 * torch.randn_like(last.bias))


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    folder, names = sys.argv[1], sys.argv[2:] or NAMES
    os.makedirs(folder, exist_ok=True)
    for name in names:
        torch.save(build(name).state_dict(), os.path.join(folder, f"{name}.pth"))
