"""VGG and DenseNet in plain torch.nn, with the structure and the parameter names of torchvision.
See networks.py."""

from collections import OrderedDict

import torch
import torch.nn as nn
import torch.nn.functional as F


class VGG(nn.Module):
    """VGG-16 with batch normalisation."""

    def __init__(self, classes):
        super().__init__()
        layers, inputs = [], 3
        for width, count in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
            for _ in range(count):
                convolution = nn.Conv2d(inputs, width, 3, padding=1)
                layers += [convolution, nn.BatchNorm2d(width), nn.ReLU()]
                inputs = width
            layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers)
        self.avgpool = nn.AdaptiveAvgPool2d(7)
        self.classifier = nn.Sequential(
            nn.Linear(512 * 7 * 7, 4096), nn.ReLU(), nn.Dropout(),
            nn.Linear(4096, 4096), nn.ReLU(), nn.Dropout(), nn.Linear(4096, classes),
        )

    def forward(self, x):
        return self.classifier(torch.flatten(self.avgpool(self.features(x)), 1))


class DenseLayer(nn.Module):
    """32 new channels from all channels before them."""

    def __init__(self, inputs):
        super().__init__()
        self.norm1, self.conv1 = nn.BatchNorm2d(inputs), nn.Conv2d(inputs, 128, 1, bias=False)
        self.norm2, self.conv2 = nn.BatchNorm2d(128), nn.Conv2d(128, 32, 3, padding=1, bias=False)

    def forward(self, x):
        y = self.conv1(F.relu(self.norm1(x)))
        return torch.cat([x, self.conv2(F.relu(self.norm2(y)))], 1)


def transition(inputs):
    """Half of the channels, and half of the rows and columns."""
    return nn.Sequential(
        OrderedDict(
            norm=nn.BatchNorm2d(inputs),
            relu=nn.ReLU(),
            conv=nn.Conv2d(inputs, inputs // 2, 1, bias=False),
            pool=nn.AvgPool2d(2),
        )
    )


class DenseNet(nn.Module):
    """DenseNet-121."""

    def __init__(self, classes):
        super().__init__()
        features = OrderedDict(
            conv0=nn.Conv2d(3, 64, 7, 2, 3, bias=False),
            norm0=nn.BatchNorm2d(64),
            relu0=nn.ReLU(),
            pool0=nn.MaxPool2d(3, 2, 1),
        )
        inputs = 64
        for index, count in enumerate((6, 12, 24, 16), start=1):
            block = OrderedDict(
                (f"denselayer{i + 1}", DenseLayer(inputs + 32 * i)) for i in range(count)
            )
            features[f"denseblock{index}"] = nn.Sequential(block)
            inputs += 32 * count
            if index < 4:
                features[f"transition{index}"] = transition(inputs)
                inputs //= 2
        features["norm5"] = nn.BatchNorm2d(inputs)
        self.features, self.classifier = nn.Sequential(features), nn.Linear(inputs, classes)

    def forward(self, x):
        x = F.relu(self.features(x))
        return self.classifier(torch.flatten(F.adaptive_avg_pool2d(x, 1), 1))
