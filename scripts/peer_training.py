"""Training steps in eager PyTorch, written from the formulas, for Benchmarks/peers.py."""

import time

import torch
from peer_contest import Outcome
from peer_libraries import model
from torch import nn
from torch.nn.functional import cross_entropy

SQUARE = 10


def corner_masks(images):
    """1 in a square of 10x10 pixels at a corner of each image, [N, 1, H, W]; corners take turns."""
    masks = torch.zeros(len(images), 1, *images.shape[2:])
    far = images.shape[3] - SQUARE, images.shape[2] - SQUARE
    for place, mask in enumerate(masks):
        left, top = place % 2 * far[0], place // 2 % 2 * far[1]
        mask[:, top : top + SQUARE, left : left + SQUARE] = 1
    return masks


class Training:
    """Continues to train a model on one batch. Subclasses compute the loss."""

    def __init__(self, path, images, labels):
        self.net, self.images, self.labels = model(path), images.clone(), labels
        self.masks = corner_masks(images)
        self.optimizer = torch.optim.Adam(self.net.parameters(), lr=1e-4)

    def step(self):
        self.net.train()
        started = time.perf_counter()
        loss = self.loss()
        self.optimizer.zero_grad()
        # Gradients of the parameters only, as in Crossfire: backward() would also compute those in
        # the images.
        parameters = list(self.net.parameters())
        for parameter, gradient in zip(parameters, torch.autograd.grad(loss, parameters)):
            parameter.grad = gradient
        self.optimizer.step()
        seconds = time.perf_counter() - started
        with torch.no_grad():
            right = (self.net.eval()(self.images).argmax(1) == self.labels).float().mean().item()
        return Outcome(seconds, right, (1, 1))


class DoubleBackpropagation(Training):
    """Cross-entropy + penalty · mean ‖input gradient of the cross-entropy‖²."""

    penalty = 100

    def loss(self):
        x = self.images.requires_grad_()
        losses = cross_entropy(self.net(x), self.labels, reduction="none")
        (slope,) = torch.autograd.grad(losses.sum(), x, create_graph=True)
        return losses.mean() + self.penalty * slope.square().flatten(1).sum(1).mean()


class RightForTheRightReasons(Training):
    """Cross-entropy + λ · mean ‖mask · input gradient of Σ log p‖², λ = 1000."""

    def loss(self):
        x = self.images.requires_grad_()
        logits = self.net(x)
        (slope,) = torch.autograd.grad(logits.log_softmax(1).sum(), x, create_graph=True)
        penalty = (self.masks * slope).square().flatten(1).sum(1).mean()
        return cross_entropy(logits, self.labels) + 1000 * penalty


class ProjectedGradientExplanation(Training):
    """PGD-Ex: cross-entropy on the images and on those of 7 projected gradient steps in the masks."""

    epsilon, steps = 0.3, 7

    def loss(self):
        radius, x = self.masks * self.epsilon, self.images
        adversarial = x.clone()
        for _ in range(self.steps):
            adversarial.requires_grad_()
            loss = cross_entropy(self.net(adversarial), self.labels)
            (slope,) = torch.autograd.grad(loss, adversarial)
            moved = adversarial.detach() + self.epsilon / self.steps * slope.sign()
            adversarial = moved.clamp(x - radius, x + radius)
        return cross_entropy(self.net(x), self.labels) + cross_entropy(
            self.net(adversarial), self.labels
        )


class IntervalExplanation(Training):
    """IBP-Ex: half the cross-entropy, and half that of the worst logits in the box x ± mask · ε.

    One walk over the layers computes the clean batch, the centre and the radius of the box. Batch
    normalisation takes the statistics of the clean batch.
    """

    epsilon = 0.1

    def loss(self):
        clean, center, radius = self.images, self.images, self.masks * self.epsilon
        for layer in self.net:
            before, clean = clean, layer(clean)
            if isinstance(layer, nn.Conv2d):
                center = layer(center)
                radius = nn.functional.conv2d(
                    radius, layer.weight.abs(), None, layer.stride, layer.padding
                )
            elif isinstance(layer, nn.Linear):
                center, radius = layer(center), radius @ layer.weight.abs().T
            elif isinstance(layer, nn.modules.batchnorm._BatchNorm):
                axes = [0, *range(2, before.dim())]
                variance, mean = torch.var_mean(before, axes, unbiased=False)
                scale = layer.weight * (variance + layer.eps).rsqrt()
                shape = [1, -1] + [1] * (before.dim() - 2)
                center = center * scale.view(shape) + (layer.bias - mean * scale).view(shape)
                radius = radius * scale.abs().view(shape)
            elif isinstance(layer, nn.Dropout):
                kept = torch.rand_like(center).ge(layer.p).float() / (1 - layer.p)
                center, radius = center * kept, radius * kept
            elif isinstance(layer, nn.Flatten):
                center, radius = layer(center), layer(radius)
            else:
                lower, upper = layer(center - radius), layer(center + radius)
                center, radius = (lower + upper) / 2, (upper - lower) / 2
        true = nn.functional.one_hot(self.labels, center.shape[1]).bool()
        worst = torch.where(true, center - radius, center + radius)
        return cross_entropy(clean, self.labels) / 2 + cross_entropy(worst, self.labels) / 2
