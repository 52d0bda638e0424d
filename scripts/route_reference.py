#!/usr/bin/env python3
"""Writes the weights of published networks and PyTorch's answers, which the test "published
networks" compares with what Crossfire makes of the weights (Tests/ForeignModelsTests).

    python3 scripts/route_reference.py FOLDER [NAME ...]
    CROSSFIRE_NETWORKS=FOLDER swift test --filter NetworkRouteTests

For each network, FOLDER/NAME.pth is its state dictionary, and FOLDER/NAME.safetensors has images
[N, 3, H, W], labels, the logits, the input gradients of the cross-entropy, and the images of FGSM
with a budget of 4/255. Networks with another implementation than that of networks.py are called
ARCHITECTURE@IMPLEMENTATION; they need torchvision and timm, whose modules get random weights.
"""

import os
import sys

import torch
from safetensors.torch import save_file

import networks

CONVOLUTIONAL = [name for name in networks.NAMES if name not in ("vit-s16", "convnext-t")]
TORCHVISION = {
    "resnet34-imagenet": "resnet34", "resnet101-imagenet": "resnet101",
    "wideresnet50-2": "wide_resnet50_2", "vgg11-bn": "vgg11_bn", "vgg13-bn": "vgg13_bn",
    "vgg19-bn": "vgg19_bn", "mobilenetv3-large": "mobilenet_v3_large",
}
TIMM = {
    "resnet50-imagenet": "resnet50", "vgg16-bn": "vgg16_bn", "densenet121": "densenet121",
    "mobilenetv2": "mobilenetv2_100", "mobilenetv3-small": "mobilenetv3_small_100",
    "mobilenetv3-large": "mobilenetv3_large_100", "efficientnet-b0": "efficientnet_b0",
}


def model_and_images(name):
    architecture, _, library = name.partition("@")
    if not library:
        return networks.build(name), networks.images(name, count=2)
    batch = networks.images("resnet50-imagenet")
    if library == "torchvision":
        import torchvision

        model = getattr(torchvision.models, TORCHVISION[architecture])()
    else:
        import timm

        model = timm.create_model(TIMM[architecture])
    return networks.randomized(model, batch), networks.images("resnet50-imagenet", count=2)


def write(folder, name):
    model, images = model_and_images(name)
    x = images.clone().requires_grad_(True)
    logits = model(x)
    labels = torch.arange(len(images)) + 1
    loss = torch.nn.functional.cross_entropy(logits, labels, reduction="sum")
    gradient = torch.autograd.grad(loss, x)[0]
    fgsm = (images + 4 / 255 * gradient.sign()).clamp(0, 1)
    torch.save(model.state_dict(), os.path.join(folder, f"{name}.pth"))
    answers = {"images": images, "labels": labels, "logits": logits.detach()}
    answers |= {"gradient": gradient, "fgsm": fgsm}
    save_file({k: v.contiguous() for k, v in answers.items()}, f"{folder}/{name}.safetensors")
    print(name, flush=True)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    torch.set_num_threads(1)
    os.makedirs(sys.argv[1], exist_ok=True)
    others = [f"{n}@torchvision" for n in TORCHVISION] + [f"{n}@timm" for n in TIMM]
    for name in sys.argv[2:] or CONVOLUTIONAL + others:
        write(sys.argv[1], name)
