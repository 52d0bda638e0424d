#!/usr/bin/env python3
"""Writes Tests/ForeignModelsTests/Fixtures/transformers.json, with which tests compare Crossfire's
layers of vision transformers, Swin Transformers, ConvNeXts and MLP-Mixers. Needs torch.

Each entry has a narrow network as Crossfire's layer texts, its input shape, and for one image, in
float64 of PyTorch: the logits, the gradient in the image of the cross-entropy with label 3, and a
second derivative, the sum of `pattern` times the gradient of the squared norm of that gradient.
Weights and image follow the formula in `pattern`. The modules are plain torch.nn.
"""

import json, os, torch, torch.nn as nn, torch.nn.functional as F

here = os.path.dirname(os.path.abspath(__file__))


class Residual(nn.Module):
    def __init__(self, *body):
        super().__init__()
        self.body = nn.Sequential(*body)

    def forward(self, x):
        return x + self.body(x)


class Lambda(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


class Weight(nn.Module):
    """A learned tensor and what becomes of it and the input."""

    def __init__(self, shape, function):
        super().__init__()
        self.weight, self.function = nn.Parameter(torch.zeros(shape)), function

    def forward(self, x):
        return self.function(self.weight, x)


class PixelNorm(nn.LayerNorm):
    """Layer normalisation of the channels of each pixel."""

    def forward(self, x):
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class Attention(nn.Module):
    """Packed queries, keys and values of nn.MultiheadAttention, under the names of timm."""

    def __init__(self, size, heads):
        super().__init__()
        self.heads = heads
        self.qkv, self.proj = nn.Linear(size, 3 * size), nn.Linear(size, size)

    def forward(self, x):
        x = x.transpose(0, 1)
        y, _ = F.multi_head_attention_forward(
            x, x, x, x.shape[2], self.heads, self.qkv.weight, self.qkv.bias, None, None, False, 0.0,
            self.proj.weight, self.proj.bias, training=False, need_weights=True)
        return y.transpose(0, 1)


class WindowAttention(Attention):
    """Attention of each pixel to those in its window, written pixel by pixel as a mask over all
    pixels of the padded and shifted picture."""

    def __init__(self, size, heads, window, shift):
        super().__init__(size, heads)
        self.window, self.shift = window, shift
        self.relative_position_bias_table = nn.Parameter(torch.zeros((2 * window - 1) ** 2, heads))

    def forward(self, x):
        n, c, h, w = x.shape
        k = self.window
        x = F.pad(x, (0, -w % k, 0, -h % k))
        tall, wide = x.shape[2:]
        sy, sx = (0 if side <= k else self.shift for side in (tall, wide))
        pixels = [(y, x) for y in range(tall) for x in range(wide)]
        # The place of a pixel after the shift, its window there, and whether the shift took it around.
        moved = [((y - sy) % tall, (x - sx) % wide, y < sy, x < sx) for y, x in pixels]
        count = len(pixels)
        index = torch.zeros(count, count, dtype=torch.int64)
        allowed = torch.zeros(count, count)
        for i, (y, x_, *around) in enumerate(moved):
            for j, (v, u, *other) in enumerate(moved):
                if (y // k, x_ // k) != (v // k, u // k):
                    allowed[i, j] = -torch.inf
                else:
                    index[i, j] = (y - v + k - 1) * (2 * k - 1) + x_ - u + k - 1
                    allowed[i, j] = 0 if around == other else -100
        bias = self.relative_position_bias_table[index].permute(2, 0, 1) + allowed
        tokens = self.qkv(x.flatten(2).transpose(1, 2))
        q, key, v = tokens.view(n, count, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        p = (q @ key.transpose(2, 3) / q.shape[3] ** 0.5 + bias).softmax(3)
        y = self.proj((p @ v).transpose(1, 2).reshape(n, count, c))
        return y.transpose(1, 2).view(n, c, tall, wide)[:, :, :h, :w]


def merge(x):
    x = F.pad(x, (0, x.shape[3] % 2, 0, x.shape[2] % 2))
    return torch.cat([x[:, :, y::2, z::2] for z in (0, 1) for y in (0, 1)], 1)


class Tokens(nn.Conv2d):
    def __init__(self, size, patch):
        super().__init__(3, size, patch, patch)

    def forward(self, x):
        return super().forward(x).flatten(2).transpose(1, 2)


def vit(approximate):
    gelu = "gelu tanh" if approximate else "gelu"
    texts, modules = ["patches 24 size 4", "classtoken", "positions"], [
        Tokens(24, 4),
        Weight((1, 1, 24), lambda w, x: torch.cat([w.expand(len(x), -1, -1), x], 1)),
        Weight((1, 17, 24), lambda w, x: x + w),
    ]
    for _ in range(2):
        texts += [
            "residual [layernorm epsilon 1e-06; attention heads 3]",
            f"residual [layernorm epsilon 1e-06; linear 48; {gelu}; linear 24]",
        ]
        modules += [
            Residual(nn.LayerNorm(24, 1e-6), Attention(24, 3)),
            Residual(
                nn.LayerNorm(24, 1e-6), nn.Linear(24, 48),
                nn.GELU("tanh" if approximate else "none"), nn.Linear(48, 24)),
        ]
    texts += ["layernorm epsilon 1e-06", "token first", "linear 5"]
    modules += [nn.LayerNorm(24, 1e-6), Lambda(lambda x: x[:, 0]), nn.Linear(24, 5)]
    return texts, modules


def mixer():
    texts, modules = ["patches 12 size 4"], [Tokens(12, 4)]
    turn = lambda: Lambda(lambda x: x.transpose(1, 2))
    for _ in range(2):
        texts += [
            "residual [layernorm; transpose; linear 10; gelu; linear 16; transpose]",
            "residual [layernorm; linear 30; gelu; linear 12; layerscale 0.1]",
        ]
        modules += [
            Residual(
                nn.LayerNorm(12), turn(), nn.Linear(16, 10), nn.GELU(), nn.Linear(10, 16), turn()),
            Residual(
                nn.LayerNorm(12), nn.Linear(12, 30), nn.GELU(), nn.Linear(30, 12),
                Weight((12,), lambda w, x: x * w)),
        ]
    return texts + ["layernorm", "token mean", "linear 5"], modules + [
        nn.LayerNorm(12), Lambda(lambda x: x.mean(1)), nn.Linear(12, 5)]


def perceptron(width):
    return [nn.Conv2d(width, 2 * width, 1), nn.GELU(), nn.Conv2d(2 * width, width, 1)]


def swin():
    texts, modules = ["conv 8 kernel 2 stride 2", "layernorm"], [
        nn.Conv2d(3, 8, 2, 2), PixelNorm(8)]
    for width, heads, window in ((8, 2, 3), (16, 4, 3)):
        if width == 16:
            texts += ["mergepatches", "layernorm", "conv 16 kernel 1 bias off"]
            modules += [Lambda(merge), PixelNorm(32), nn.Conv2d(32, 16, 1, bias=False)]
        for shift in (0, 1):
            moved = f" shift {shift}" if shift else ""
            texts += [
                f"residual [layernorm; windowattention heads {heads} window {window}{moved}]",
                f"residual [layernorm; conv {2 * width} kernel 1; gelu; conv {width} kernel 1]",
            ]
            modules += [
                Residual(PixelNorm(width), WindowAttention(width, heads, window, shift)),
                Residual(PixelNorm(width), *perceptron(width)),
            ]
    return texts + ["layernorm", "globalavgpool", "flatten", "linear 5"], modules + [
        PixelNorm(16), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 5)]


def convnext():
    texts, modules = ["conv 8 kernel 2 stride 2", "layernorm epsilon 1e-06"], [
        nn.Conv2d(3, 8, 2, 2), PixelNorm(8, 1e-6)]
    for width in (8, 12):
        if width == 12:
            texts += ["layernorm epsilon 1e-06", "conv 12 kernel 2 stride 2"]
            modules += [PixelNorm(8, 1e-6), nn.Conv2d(8, 12, 2, 2)]
        texts.append(
            f"residual [conv {width} kernel 7 padding 3 groups {width}; layernorm epsilon 1e-06; "
            f"conv {2 * width} kernel 1; gelu; conv {width} kernel 1; layerscale 1e-06]")
        modules.append(
            Residual(
                nn.Conv2d(width, width, 7, padding=3, groups=width), PixelNorm(width, 1e-6),
                *perceptron(width), Weight((width,), lambda w, x: x * w.view(-1, 1, 1))))
    return texts + ["globalavgpool", "layernorm epsilon 1e-06", "flatten", "linear 5"], modules + [
        nn.AdaptiveAvgPool2d(1), PixelNorm(12, 1e-6), nn.Flatten(), nn.Linear(12, 5)]


def pattern(count, phase):
    """The numbers sin(1.7 j + phase) for j = 0, …, 996, repeated up to `count`, in float32."""
    once = torch.sin(torch.arange(997, dtype=torch.float64) * 1.7 + phase).float().double()
    return once.repeat(count // 997 + 1)[:count]


def fill(model):
    for name, tensor in model.state_dict().items():
        p = pattern(tensor.numel(), len(name)).view(tensor.shape)
        fan = tensor[0].numel() if tensor.dim() > 1 else 0
        tensor.copy_(p * (4 / fan) ** 0.5 if fan else p / 10 + name.endswith("weight"))


def entry(name, texts, modules, size):
    model = nn.Sequential(*modules).double().eval()
    fill(model)
    image = ((pattern(3 * size * size, 0).view(1, 3, size, size) + 1) / 2).requires_grad_()
    logits = model(image)
    (gradient,) = torch.autograd.grad(
        F.cross_entropy(logits, torch.tensor([3])), image, create_graph=True)
    (second,) = torch.autograd.grad((gradient**2).sum(), image)
    numbers = lambda t: [float(f"{v:.7g}") for v in t.detach().flatten().tolist()]
    return {
        "name": name, "size": size, "layers": texts, "logits": numbers(logits),
        "gradient": numbers(gradient),
        "second": float((pattern(image.numel(), 5).view_as(image) * second).sum()),
        "parameters": {key: list(value.shape) for key, value in model.state_dict().items()},
    }


if __name__ == "__main__":
    torch.set_num_threads(1)
    entries = [
        entry("vision transformer", *vit(False), 16),
        entry("vision transformer with the approximate GELU", *vit(True), 16),
        entry("MLP-Mixer", *mixer(), 16),
        # 10 and 5 pixels are no multiples of the windows, so pictures are padded, and merged at odd
        # sides.
        entry("Swin Transformer", *swin(), 20),
        entry("ConvNeXt", *convnext(), 16),
    ]
    path = f"{here}/../Tests/ForeignModelsTests/Fixtures/transformers.json"
    open(path, "w").write("[\n" + ",\n".join(map(json.dumps, entries)) + "\n]\n")
