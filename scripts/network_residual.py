"""Residual networks in plain torch.nn, with the structure and the parameter names of published
implementations. See networks.py."""

import torch
import torch.nn as nn
import torch.nn.functional as F


def conv3(inputs, outputs, stride=1):
    return nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)


class BasicBlock(nn.Module):
    """Two 3x3 convolutions; torchvision."""

    def __init__(self, inputs, width, stride):
        super().__init__()
        self.conv1, self.bn1 = conv3(inputs, width, stride), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = conv3(width, width), nn.BatchNorm2d(width)
        if stride != 1 or inputs != width:
            self.downsample = nn.Sequential(
                nn.Conv2d(inputs, width, 1, stride, bias=False), nn.BatchNorm2d(width)
            )
        else:
            self.downsample = nn.Identity()

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + self.downsample(x))


class Bottleneck(nn.Module):
    """1x1, 3x3 and 1x1 convolutions, with the stride in the second one; torchvision."""

    def __init__(self, inputs, width, stride):
        super().__init__()
        outputs = 4 * width
        self.conv1, self.bn1 = nn.Conv2d(inputs, width, 1, bias=False), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = conv3(width, width, stride), nn.BatchNorm2d(width)
        self.conv3, self.bn3 = nn.Conv2d(width, outputs, 1, bias=False), nn.BatchNorm2d(outputs)
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
            )
        else:
            self.downsample = nn.Identity()

    def forward(self, x):
        y = F.relu(self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))))
        return F.relu(self.bn3(self.conv3(y)) + self.downsample(x))


class ResNet(nn.Module):
    """ResNet for large images; torchvision."""

    def __init__(self, blocks, bottleneck, classes):
        super().__init__()
        block, growth = (Bottleneck, 4) if bottleneck else (BasicBlock, 1)
        self.conv1, self.bn1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64)
        inputs = 64
        for stage, count in enumerate(blocks):
            width, modules = 64 << stage, []
            for index in range(count):
                modules.append(block(inputs, width, 2 if stage > 0 and index == 0 else 1))
                inputs = growth * width
            setattr(self, f"layer{stage + 1}", nn.Sequential(*modules))
        self.fc = nn.Linear(inputs, classes)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 3, 2, 1)
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(torch.flatten(F.adaptive_avg_pool2d(x, 1), 1))


class PaddedShortcut(nn.Module):
    """Every second pixel, with channels of zeros on both sides."""

    def __init__(self, side):
        super().__init__()
        self.side = side

    def forward(self, x):
        return F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.side, self.side))


class CifarBlock(nn.Module):
    def __init__(self, inputs, width, stride):
        super().__init__()
        self.conv1, self.bn1 = conv3(inputs, width, stride), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = conv3(width, width), nn.BatchNorm2d(width)
        self.shortcut = PaddedShortcut(width // 4) if inputs != width else nn.Sequential()

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + self.shortcut(x))


class CifarResNet(nn.Module):
    """ResNet with 6n + 2 layers and shortcuts without weights; akamaster/pytorch_resnet_cifar10."""

    def __init__(self, blocks, classes):
        super().__init__()
        self.conv1, self.bn1 = conv3(3, 16), nn.BatchNorm2d(16)
        inputs = 16
        for stage in range(3):
            width, modules = 16 << stage, []
            for index in range(blocks):
                modules.append(CifarBlock(inputs, width, 2 if stage > 0 and index == 0 else 1))
                inputs = width
            setattr(self, f"layer{stage + 1}", nn.Sequential(*modules))
        self.linear = nn.Linear(64, classes)

    def forward(self, x):
        x = self.layer3(self.layer2(self.layer1(F.relu(self.bn1(self.conv1(x))))))
        x = F.avg_pool2d(x, x.size(3))
        return self.linear(x.view(x.size(0), -1))


class PreActBlock(nn.Module):
    """Normalisation and ReLU before each convolution. The shortcut's convolution takes the block's
    input as it is; RobustBench, PreActBlock."""

    def __init__(self, inputs, width, stride):
        super().__init__()
        self.bn1, self.conv1 = nn.BatchNorm2d(inputs), conv3(inputs, width, stride)
        self.bn2, self.conv2 = nn.BatchNorm2d(width), conv3(width, width)
        if stride != 1 or inputs != width:
            self.shortcut = nn.Sequential(nn.Conv2d(inputs, width, 1, stride, bias=False))

    def forward(self, x):
        shortcut = self.shortcut(x) if hasattr(self, "shortcut") else x
        y = self.conv1(F.relu(self.bn1(x)))
        return self.conv2(F.relu(self.bn2(y))) + shortcut


class PreActResNet(nn.Module):
    """PreActResNet-18; RobustBench, as in Andriushchenko2020Understanding."""

    def __init__(self, classes):
        super().__init__()
        self.conv1, inputs = conv3(3, 64), 64
        for stage in range(4):
            width, modules = 64 << stage, []
            for index in range(2):
                modules.append(PreActBlock(inputs, width, 2 if stage > 0 and index == 0 else 1))
                inputs = width
            setattr(self, f"layer{stage + 1}", nn.Sequential(*modules))
        self.linear = nn.Linear(512, classes)

    def forward(self, x):
        x = self.layer4(self.layer3(self.layer2(self.layer1(self.conv1(x)))))
        x = F.avg_pool2d(x, 4)
        return self.linear(x.view(x.size(0), -1))


class WideBlock(nn.Module):
    """The block of RobustBench's DMWideResNet: strided convolutions pad on the right and below."""

    def __init__(self, inputs, width, stride):
        super().__init__()
        self.batchnorm_0 = nn.BatchNorm2d(inputs)
        self.conv_0 = nn.Conv2d(inputs, width, 3, stride, bias=False)
        self.batchnorm_1, self.conv_1 = nn.BatchNorm2d(width), conv3(width, width)
        self.shortcut = None
        if inputs != width:
            self.shortcut = nn.Conv2d(inputs, width, 1, stride, bias=False)
        self.sides = (1, 1, 1, 1) if stride == 1 else (0, 1, 0, 1)

    def forward(self, x):
        y = F.silu(self.batchnorm_0(x))
        shortcut = x if self.shortcut is None else self.shortcut(y)
        y = self.conv_0(F.pad(y, self.sides))
        return shortcut + self.conv_1(F.silu(self.batchnorm_1(y)))


class WideStage(nn.Module):
    def __init__(self, inputs, width, stride, blocks):
        super().__init__()
        first = [WideBlock(inputs, width, stride)]
        self.block = nn.Sequential(*first, *(WideBlock(width, width, 1) for _ in range(blocks - 1)))

    def forward(self, x):
        return self.block(x)


class WideResNet(nn.Module):
    """WideResNet with SiLU that normalises its input; DMWideResNet of RobustBench."""

    def __init__(self, depth, factor, classes):
        super().__init__()
        # As in RobustBench since 2022, the state dictionary does not contain these two.
        mean, std = torch.tensor([0.4914, 0.4822, 0.4465]), torch.tensor([0.2471, 0.2435, 0.2616])
        self.register_buffer("mean", mean.view(3, 1, 1), persistent=False)
        self.register_buffer("std", std.view(3, 1, 1), persistent=False)
        widths, blocks = [16, 16 * factor, 32 * factor, 64 * factor], (depth - 4) // 6
        self.init_conv = conv3(3, 16)
        self.layer = nn.Sequential(
            *(WideStage(widths[i], widths[i + 1], 1 if i == 0 else 2, blocks) for i in range(3))
        )
        self.batchnorm, self.logits = nn.BatchNorm2d(widths[3]), nn.Linear(widths[3], classes)

    def forward(self, x):
        x = self.layer(self.init_conv((x - self.mean) / self.std))
        x = F.avg_pool2d(F.silu(self.batchnorm(x)), 8)
        return self.logits(x.view(-1, self.logits.in_features))
