#!/usr/bin/env python3
"""Writes Tests/ForeignModelsTests/Fixtures/architectures.txt, with which tests compare Crossfire's
architectures that read published CIFAR-10 weights. Needs torch.

For each architecture the file has its name and number of parameters, the names and shapes of its
state dictionary, and PyTorch's logits for one image. Weights and image follow the formula in
`pattern`. The modules have the names of the published implementations: kuangliu/pytorch-cifar,
akamaster/pytorch_resnet_cifar10, and RobustBench's wide_resnet.
"""

import math, os, torch, torch.nn as nn, torch.nn.functional as F

here = os.path.dirname(os.path.abspath(__file__))
conv3 = lambda i, o, s=1: nn.Conv2d(i, o, 3, s, 1, bias=False)


class LeNet(nn.Module):
    def __init__(self, classes=10):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(3, 6, 5), nn.Conv2d(6, 16, 5)
        self.fc1, self.fc2, self.fc3 = (
            nn.Linear(400, 120),
            nn.Linear(120, 84),
            nn.Linear(84, classes),
        )

    def forward(self, x):
        for layer in (self.conv1, self.conv2):
            x = F.max_pool2d(F.relu(layer(x)), 2)
        return self.fc3(F.relu(self.fc2(F.relu(self.fc1(x.flatten(1))))))


class VGG16(nn.Module):
    def __init__(self, classes=10):
        super().__init__()
        layers, width = [], 3
        for block in ((64, 64), (128, 128), (256,) * 3, (512,) * 3, (512,) * 3):
            for out in block:
                layers += [nn.Conv2d(width, out, 3, padding=1), nn.BatchNorm2d(out), nn.ReLU()]
                width = out
            layers.append(nn.MaxPool2d(2))
        self.features, self.classifier = nn.Sequential(*layers), nn.Linear(512, classes)

    def forward(self, x):
        return self.classifier(self.features(x).flatten(1))


class Zeros(nn.Module):
    """Every second pixel, with channels of zeros added on both sides."""

    def __init__(self, side):
        super().__init__()
        self.side = side

    def forward(self, x):
        return F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.side, self.side))


class Block(nn.Module):
    def __init__(self, i, o, s, projects):
        super().__init__()
        self.conv1, self.bn1, self.conv2, self.bn2 = (
            conv3(i, o, s),
            nn.BatchNorm2d(o),
            conv3(o, o),
            nn.BatchNorm2d(o),
        )
        self.shortcut = nn.Sequential()
        if i != o:
            self.shortcut = (
                nn.Sequential(nn.Conv2d(i, o, 1, s, bias=False), nn.BatchNorm2d(o))
                if projects
                else Zeros(o // 4)
            )

    def forward(self, x):
        return F.relu(self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))) + self.shortcut(x))


class ResNet(nn.Module):
    def __init__(self, widths, blocks, projects, classes=10):
        super().__init__()
        self.conv1, self.bn1 = conv3(3, widths[0]), nn.BatchNorm2d(widths[0])
        last = widths[0]
        for index, width in enumerate(widths):
            stage = []
            for block in range(blocks):
                stage.append(Block(last, width, 2 if index > 0 and block == 0 else 1, projects))
                last = width
            setattr(self, f"layer{index + 1}", nn.Sequential(*stage))
        self.stages, self.linear = len(widths), nn.Linear(last, classes)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        for index in range(self.stages):
            x = getattr(self, f"layer{index + 1}")(x)
        return self.linear(x.mean((2, 3)))


class WideBlock(nn.Module):
    def __init__(self, i, o, s):
        super().__init__()
        self.bn1, self.conv1, self.bn2, self.conv2 = (
            nn.BatchNorm2d(i),
            conv3(i, o, s),
            nn.BatchNorm2d(o),
            conv3(o, o),
        )
        self.convShortcut = nn.Conv2d(i, o, 1, s, bias=False) if i != o else None

    def forward(self, x):
        y = F.relu(self.bn1(x))
        return (self.convShortcut(y) if self.convShortcut else x) + self.conv2(
            F.relu(self.bn2(self.conv1(y)))
        )


class Stage(nn.Module):
    def __init__(self, i, o, s, blocks):
        super().__init__()
        self.layer = nn.Sequential(
            *[WideBlock(o if b else i, o, 1 if b else s) for b in range(blocks)]
        )

    def forward(self, x):
        return self.layer(x)


class WideResNet(nn.Module):
    def __init__(self, depth=28, factor=10, classes=10):
        super().__init__()
        w, blocks = [16, 16 * factor, 32 * factor, 64 * factor], (depth - 4) // 6
        self.conv1 = conv3(3, 16)
        self.block1, self.block2, self.block3 = (
            Stage(w[0], w[1], 1, blocks),
            Stage(w[1], w[2], 2, blocks),
            Stage(w[2], w[3], 2, blocks),
        )
        self.bn1, self.fc = nn.BatchNorm2d(w[3]), nn.Linear(w[3], classes)

    def forward(self, x):
        x = self.block3(self.block2(self.block1(self.conv1(x))))
        return self.fc(F.relu(self.bn1(x)).mean((2, 3)))


def pattern(count, phase):
    """The numbers sin(1.7 j + phase) for j = 0, …, 996, repeated up to `count`."""
    once = torch.sin(torch.arange(997, dtype=torch.float64) * 1.7 + phase).float()
    return once.repeat(count // 997 + 1)[:count]


def fill(model):
    for name, tensor in model.state_dict().items():
        if not tensor.is_floating_point():
            continue
        p = pattern(tensor.numel(), len(name)).view(tensor.shape)
        fan = tensor[0].numel() if tensor.dim() > 1 else 0
        if fan:
            tensor.copy_(p * (4 / fan) ** 0.5)
        elif name.endswith("running_var"):
            tensor.copy_(1 + p / 2)
        elif name.endswith("weight"):
            tensor.copy_(1 + p / 10)
        else:
            tensor.copy_(p / 10)


if __name__ == "__main__":
    torch.manual_seed(0)
    lines = []
    models = {
        "lenet": LeNet,
        "vgg16": VGG16,
        "resnet18": lambda: ResNet([64, 128, 256, 512], 2, True),
        "resnet20": lambda: ResNet([16, 32, 64], 3, False),
        "resnet56": lambda: ResNet([16, 32, 64], 9, False),
        "wideresnet28-10": WideResNet,
    }
    for name, make in models.items():
        model = make().eval()
        fill(model)
        with torch.no_grad():
            logits = model((pattern(3 * 32 * 32, 0).view(1, 3, 32, 32) + 1) / 2)[0]
        lines.append(
            f"= {name} {sum(p.numel() for p in model.parameters())} "
            + " ".join(f"{v:.9g}" for v in logits.tolist())
        )
        lines += [
            f"{key} {'x'.join(map(str, value.shape))}".strip()
            for key, value in model.state_dict().items()
        ]
    open(f"{here}/../Tests/ForeignModelsTests/Fixtures/architectures.txt", "w").write(
        "\n".join(lines) + "\n"
    )
