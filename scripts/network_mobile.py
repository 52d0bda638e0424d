"""MobileNetV2, MobileNetV3 and EfficientNet-B0 in plain torch.nn, with the structure and the
parameter names of torchvision. See networks.py."""

import torch
import torch.nn as nn
import torch.nn.functional as F


def unit(inputs, outputs, kernel=1, stride=1, depthwise=False, activation=None, epsilon=1e-5):
    """Convolution, batch normalisation and, unless it is None, an activation."""
    convolution = nn.Conv2d(
        inputs, outputs, kernel, stride, kernel // 2, groups=inputs if depthwise else 1, bias=False
    )
    momentum = 0.1 if epsilon == 1e-5 else 0.01
    layers = [convolution, nn.BatchNorm2d(outputs, eps=epsilon, momentum=momentum)]
    return nn.Sequential(*layers, *([activation()] if activation else []))


class SqueezeExcitation(nn.Module):
    """Multiplies each channel by a number that depends on the means of all channels."""

    def __init__(self, channels, squeezed, activation, scale):
        super().__init__()
        self.fc1, self.fc2 = nn.Conv2d(channels, squeezed, 1), nn.Conv2d(squeezed, channels, 1)
        self.activation, self.scale_activation = activation(), scale()

    def forward(self, x):
        y = self.activation(self.fc1(F.adaptive_avg_pool2d(x, 1)))
        return self.scale_activation(self.fc2(y)) * x


class InvertedResidual(nn.Module):
    """Wide inside, narrow outside. `part` is the name of the list of layers."""

    def __init__(self, part, layers, adds):
        super().__init__()
        self.part, self.adds = part, adds
        setattr(self, part, nn.Sequential(*layers))

    def forward(self, x):
        y = getattr(self, self.part)(x)
        return x + y if self.adds else y


class Classifier(nn.Module):
    """Features, the mean of each channel, and the layers of the classifier."""

    def __init__(self, features, classifier):
        super().__init__()
        self.features, self.classifier = nn.Sequential(*features), nn.Sequential(*classifier)

    def forward(self, x):
        return self.classifier(torch.flatten(F.adaptive_avg_pool2d(self.features(x), 1), 1))


class MobileNetV2(Classifier):
    def __init__(self, classes):
        relu6, inputs = nn.ReLU6, 32
        features = [unit(3, 32, 3, 2, activation=relu6)]
        for expansion, width, count, stride in (
            (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1),
            (6, 160, 3, 2), (6, 320, 1, 1),
        ):
            for index in range(count):
                step, inner = stride if index == 0 else 1, expansion * inputs
                layers = [unit(inputs, inner, activation=relu6)] if expansion > 1 else []
                layers.append(unit(inner, inner, 3, step, depthwise=True, activation=relu6))
                layers += [nn.Conv2d(inner, width, 1, bias=False), nn.BatchNorm2d(width)]
                adds = step == 1 and inputs == width
                features.append(InvertedResidual("conv", layers, adds))
                inputs = width
        features.append(unit(inputs, 1280, activation=relu6))
        super().__init__(features, [nn.Dropout(0.2), nn.Linear(1280, classes)])


class MobileNetV3Small(Classifier):
    def __init__(self, classes):
        inputs, swish = 16, nn.Hardswish
        features = [unit(3, 16, 3, 2, activation=swish, epsilon=1e-3)]
        for kernel, inner, width, squeezed, activation, stride in (
            (3, 16, 16, 8, nn.ReLU, 2), (3, 72, 24, 0, nn.ReLU, 2), (3, 88, 24, 0, nn.ReLU, 1),
            (5, 96, 40, 24, swish, 2), (5, 240, 40, 64, swish, 1), (5, 240, 40, 64, swish, 1),
            (5, 120, 48, 32, swish, 1), (5, 144, 48, 40, swish, 1), (5, 288, 96, 72, swish, 2),
            (5, 576, 96, 144, swish, 1), (5, 576, 96, 144, swish, 1),
        ):
            layers = []
            if inner != inputs:
                layers.append(unit(inputs, inner, activation=activation, epsilon=1e-3))
            layers.append(unit(inner, inner, kernel, stride, True, activation, 1e-3))
            if squeezed:
                layers.append(SqueezeExcitation(inner, squeezed, nn.ReLU, nn.Hardsigmoid))
            layers.append(unit(inner, width, epsilon=1e-3))
            features.append(InvertedResidual("block", layers, stride == 1 and inputs == width))
            inputs = width
        features.append(unit(96, 576, activation=swish, epsilon=1e-3))
        classifier = [nn.Linear(576, 1024), swish(), nn.Dropout(0.2), nn.Linear(1024, classes)]
        super().__init__(features, classifier)


class EfficientNetB0(Classifier):
    def __init__(self, classes):
        inputs, silu = 32, nn.SiLU
        features = [unit(3, 32, 3, 2, activation=silu)]
        for expansion, kernel, stride, width, count in (
            (1, 3, 1, 16, 1), (6, 3, 2, 24, 2), (6, 5, 2, 40, 2), (6, 3, 2, 80, 3),
            (6, 5, 1, 112, 3), (6, 5, 2, 192, 4), (6, 3, 1, 320, 1),
        ):
            stage = []
            for index in range(count):
                step, inner = stride if index == 0 else 1, expansion * inputs
                layers = [unit(inputs, inner, activation=silu)] if expansion > 1 else []
                layers.append(unit(inner, inner, kernel, step, True, silu))
                layers.append(SqueezeExcitation(inner, inputs // 4, silu, nn.Sigmoid))
                layers.append(unit(inner, width))
                stage.append(InvertedResidual("block", layers, step == 1 and inputs == width))
                inputs = width
            features.append(nn.Sequential(*stage))
        features.append(unit(inputs, 1280, activation=silu))
        super().__init__(features, [nn.Dropout(0.2), nn.Linear(1280, classes)])
