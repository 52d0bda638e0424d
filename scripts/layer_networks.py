#!/usr/bin/env python3
"""Writes Tests/ForeignModelsTests/Fixtures/layers.*.safetensors: narrow convolutional networks with
every kind of layer of the published ones, and PyTorch's answers. Needs torch and safetensors.

`Network` reads layer texts as docs/file-formats.md describes them and computes them with torch.nn.
The names of its tensors are Crossfire's. Each file is a model file without a description: its
metadata has the layers and the input, its tensors are the weights, and the answers begin with
`answers.`: images, labels, logits, input gradients, the images of FGSM with a budget of 4/255, and
`penalty.NAME`, the gradient of Σ (∂ cross-entropy / ∂ images)² in each learned tensor NAME.
"""

import json
import os

import torch
import torch.nn as nn
import torch.nn.functional as F
from safetensors.torch import save_file

fixtures = os.path.join(
    os.path.dirname(os.path.abspath(__file__)), "../Tests/ForeignModelsTests/Fixtures"
)
SQUEEZE = "gate [globalavgpool; conv 4 kernel 1; {}; conv {} kernel 1; {}]"
NORM = "batchnorm epsilon 0.001"
NETWORKS = {
    "bottleneck": [
        "conv 8 kernel 7 stride 2 padding 3 bias off", "batchnorm", "relu",
        "maxpool 3 stride 2 padding 1",
        "residual [conv 6 kernel 1 bias off; batchnorm; relu; conv 6 kernel 3 stride 2 padding 1 "
        "bias off; batchnorm; relu; conv 24 kernel 1 bias off; batchnorm] shortcut "
        "[conv 24 kernel 1 stride 2 bias off; batchnorm]",
        "relu", "globalavgpool", "flatten", "linear 5",
    ],
    "mobile": [
        "conv 8 kernel 3 stride 2 padding 1 bias off", NORM, "hardswish",
        "conv 16 kernel 1 bias off", NORM, "relu6",
        "conv 16 kernel 5 stride 2 padding 2 groups 16 bias off", NORM, "hardswish",
        SQUEEZE.format("relu", 16, "hardsigmoid"), "conv 12 kernel 1 bias off", NORM,
        f"residual [conv 24 kernel 1 bias off; {NORM}; silu; conv 24 kernel 3 padding 1 groups 24 "
        f"bias off; {NORM}; silu; {SQUEEZE.format('silu', 24, 'sigmoid')}; conv 12 kernel 1 bias "
        f"off; {NORM}; stochasticdepth 0.1]",
        "globalavgpool", "flatten", "linear 12", "hardswish", "dropout 0.2", "linear 5",
    ],
    "dense": [
        "conv 8 kernel 3 padding 1 bias off",
        "concat [batchnorm; relu; conv 12 kernel 1 bias off; batchnorm; relu; conv 4 kernel 3 "
        "padding 1 bias off]",
        "concat [batchnorm; relu; conv 12 kernel 1 bias off; batchnorm; relu; conv 4 kernel 3 "
        "padding 1 bias off]",
        "batchnorm", "relu", "conv 8 kernel 1 bias off", "avgpool 2", "batchnorm", "relu",
        "adaptiveavgpool 3x2", "flatten", "linear 5",
    ],
    "wide": [
        "storednormalize", "conv 4 kernel 3 padding 1 bias off", "batchnorm", "silu",
        "residual [pad 0,1,0,1; conv 8 kernel 3 stride 2 bias off; batchnorm; silu; conv 8 kernel "
        "3 padding 1 bias off] shortcut [conv 8 kernel 1 stride 2 bias off]",
        "residual [batchnorm; silu; conv 8 kernel 3 padding 1 bias off; batchnorm; silu; conv 8 "
        "kernel 3 padding 1 bias off]",
        "batchnorm", "silu", "globalavgpool", "flatten", "linear 5",
    ],
}
PLAIN = {
    "relu": nn.ReLU, "relu6": nn.ReLU6, "silu": nn.SiLU, "sigmoid": nn.Sigmoid,
    "hardswish": nn.Hardswish, "hardsigmoid": lambda: HardSigmoid(), "flatten": nn.Flatten,
    "stochasticdepth": lambda *_: nn.Identity(), "globalavgpool": lambda: nn.AdaptiveAvgPool2d(1),
}


class HardSigmoid(nn.Module):
    """nn.Hardsigmoid has no second derivative."""

    def forward(self, x):
        return F.relu6(x + 3) / 6


class Lists(nn.Module):
    """A layer that contains lists of layers."""

    def __init__(self, kind, lists, channels):
        super().__init__()
        self.kind, self.body = kind, Network(lists[0], channels)
        self.shortcut = Network(lists[1] if len(lists) > 1 else [], channels)
        added = self.body.channels
        self.channels = {"concat": channels + added, "gate": channels, "residual": added}[kind]

    def forward(self, x):
        y = self.body(x)
        if self.kind == "concat":
            return torch.cat([x, y], 1)
        return x * y if self.kind == "gate" else y + self.shortcut(x)


class Stored(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.register_buffer("mean", 0.3 + 0.4 * torch.rand(channels))
        self.register_buffer("std", 0.2 + 0.2 * torch.rand(channels))

    def forward(self, x):
        return (x - self.mean.view(1, -1, 1, 1)) / self.std.view(1, -1, 1, 1)


class Network(nn.Sequential):
    def __init__(self, texts, channels=3):
        super().__init__()
        self.channels = channels
        for index, text in enumerate(texts):
            self.add_module(str(index), self.layer(text))

    def layer(self, text):
        kind, _, rest = text.partition(" ")
        if kind in ("residual", "concat", "gate"):
            made = Lists(kind, [split(part) for part in brackets(rest)], self.channels)
            self.channels = made.channels
            return made
        words = rest.split()
        named = dict(zip(words[1::2], words[2::2]))
        if kind == "conv":
            inputs, self.channels = self.channels, int(words[0])
            size = {k: int(v) for k, v in named.items() if k in ("stride", "padding", "groups")}
            kernel, bias = int(named.get("kernel", 3)), "bias" not in named
            return nn.Conv2d(inputs, self.channels, kernel, bias=bias, **size)
        if kind == "batchnorm":
            return nn.BatchNorm2d(self.channels, eps=float(words[1]) if words else 1e-5)
        if kind == "linear":
            return nn.LazyLinear(int(words[0]))
        if kind == "maxpool":
            return nn.MaxPool2d(int(words[0]), int(named["stride"]), int(named["padding"]))
        if kind == "avgpool":
            return nn.AvgPool2d(int(words[0]))
        if kind == "adaptiveavgpool":
            return nn.AdaptiveAvgPool2d(tuple(map(int, words[0].split("x"))))
        if kind == "pad":
            return nn.ZeroPad2d(tuple(map(int, words[0].split(","))))
        if kind == "storednormalize":
            return Stored(self.channels)
        return nn.Dropout(float(words[0])) if kind == "dropout" else PLAIN[kind](*words)


def brackets(text):
    """The texts inside the outermost brackets."""
    found, depth, start = [], 0, 0
    for place, letter in enumerate(text):
        if letter == "[":
            depth, start = depth + 1, start if depth else place + 1
        elif letter == "]":
            depth -= 1
            if depth == 0:
                found.append(text[start:place])
    return found


def split(text):
    """The texts between the semicolons outside of brackets."""
    parts, depth = [""], 0
    for letter in text:
        depth += {"[": 1, "]": -1}.get(letter, 0)
        if letter == ";" and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts if part.strip()]


def write(name, texts):
    torch.manual_seed(len(name))
    # Padding on one side fits a shortcut only if the sides are even.
    height = 16 if name == "wide" else 17
    images, labels = torch.rand(4, 3, height, 14), torch.tensor([0, 3, 2, 4])
    model = Network(texts)
    model.eval()(images)
    with torch.no_grad():
        for key, tensor in model.state_dict().items():
            if key.endswith("running_var"):
                tensor.uniform_(0.5, 1.5)
            elif key.endswith("running_mean") or (key.endswith("bias") and tensor.dim() == 1):
                tensor.normal_(0, 0.2)
            elif key.endswith("weight") and tensor.dim() == 1:
                tensor.uniform_(0.5, 1.5)
    x = images.clone().requires_grad_(True)
    logits = model(x)
    loss = F.cross_entropy(logits, labels, reduction="sum")
    gradient = torch.autograd.grad(loss, x, create_graph=True)[0]
    learned = dict(model.named_parameters())
    slopes = torch.autograd.grad(gradient.square().sum(), learned.values(), allow_unused=True)
    answers = {
        "images": images, "labels": labels, "logits": logits, "gradient": gradient,
        "fgsm": (images + 4 / 255 * gradient.sign()).clamp(0, 1),
    }
    answers |= {
        f"penalty.{key}": torch.zeros_like(learned[key]) if slope is None else slope
        for key, slope in zip(learned, slopes)
    }
    tensors = {k: v for k, v in model.state_dict().items()}
    tensors |= {f"answers.{key}": value for key, value in answers.items()}
    save_file(
        {key: value.detach().contiguous().clone() for key, value in tensors.items()},
        f"{fixtures}/layers.{name}.safetensors",
        {"layers": json.dumps(texts), "input": f"3x{height}x14"},
    )


if __name__ == "__main__":
    torch.set_num_threads(1)
    for name, texts in NETWORKS.items():
        write(name, texts)
