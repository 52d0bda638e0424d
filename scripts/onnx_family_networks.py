"""Small networks for images 3x16x16 and five classes, one of each family, in plain torch.nn."""

import torch, torch.nn as nn, torch.nn.functional as F

classes = 5


class Attention(nn.Module):
    """Self-attention with several heads, with PyTorch's fused function."""

    def __init__(self, width, heads):
        super().__init__()
        self.heads, self.qkv, self.out = heads, nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x):
        n, t, c = x.shape
        q, k, v = self.qkv(x).reshape(n, t, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(q, k, v)
        return self.out(y.transpose(1, 2).reshape(n, t, c))


class Mlp(nn.Sequential):
    def __init__(self, width, inner, activation=nn.GELU):
        super().__init__(nn.Linear(width, inner), activation(), nn.Linear(inner, width))


class ViTBlock(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.norm1, self.attention = nn.LayerNorm(width, eps=1e-6), Attention(width, heads)
        self.norm2, self.mlp = nn.LayerNorm(width, eps=1e-6), Mlp(width, 2 * width)

    def forward(self, x):
        x = x + self.attention(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class ViT(nn.Module):
    def __init__(self, width=16):
        super().__init__()
        self.patches = nn.Conv2d(3, width, 4, 4)
        self.token = nn.Parameter(torch.randn(1, 1, width) * 0.2)
        self.places = nn.Parameter(torch.randn(1, 17, width) * 0.2)
        self.blocks = nn.Sequential(ViTBlock(width, 2), ViTBlock(width, 2))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, classes)

    def forward(self, x):
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], 1) + self.places
        return self.head(self.norm(self.blocks(x))[:, 0])


class Encoder(nn.Module):
    """A vision transformer from PyTorch's own encoder layers, with the mean of all tokens."""

    def __init__(self, width=16):
        super().__init__()
        self.patches = nn.Conv2d(3, width, 4, 4)
        self.places = nn.Parameter(torch.randn(1, 16, width) * 0.2)
        self.layer = nn.TransformerEncoderLayer(
            width, 2, 24, dropout=0.0, activation="gelu", batch_first=True, norm_first=True)
        self.head = nn.Linear(width, classes)

    def forward(self, x):
        x = self.patches(x).flatten(2).transpose(1, 2) + self.places
        return self.head(self.layer(x).mean(1))


class ChannelNorm(nn.LayerNorm):
    def forward(self, x):
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class ConvNeXtBlock(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.spatial = nn.Conv2d(width, width, 7, padding=3, groups=width)
        self.norm, self.mlp = nn.LayerNorm(width, eps=1e-6), Mlp(width, 2 * width)
        self.scale = nn.Parameter(torch.full((width, 1, 1), 0.5))

    def forward(self, x):
        y = self.mlp(self.norm(self.spatial(x).permute(0, 2, 3, 1))).permute(0, 3, 1, 2)
        return x + self.scale * y


class ConvNeXt(nn.Sequential):
    def __init__(self):
        super().__init__(
            nn.Conv2d(3, 12, 2, 2), ChannelNorm(12), ConvNeXtBlock(12),
            ChannelNorm(12), nn.Conv2d(12, 20, 2, 2), ConvNeXtBlock(20),
            nn.AdaptiveAvgPool2d(1), ChannelNorm(20), nn.Flatten(), nn.Linear(20, classes))


class MixerBlock(nn.Module):
    def __init__(self, tokens, width):
        super().__init__()
        self.norm1, self.tokens = nn.LayerNorm(width), Mlp(tokens, 2 * tokens)
        self.norm2, self.channels = nn.LayerNorm(width), Mlp(width, 2 * width)

    def forward(self, x):
        x = x + self.tokens(self.norm1(x).transpose(1, 2)).transpose(1, 2)
        return x + self.channels(self.norm2(x))


class Mixer(nn.Module):
    def __init__(self, width=16):
        super().__init__()
        self.patches = nn.Conv2d(3, width, 4, 4)
        self.blocks = nn.Sequential(MixerBlock(16, width), MixerBlock(16, width))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, classes)

    def forward(self, x):
        return self.head(self.norm(self.blocks(self.patches(x).flatten(2).transpose(1, 2))).mean(1))


class SqueezeExcite(nn.Module):
    def __init__(self, width, inner, activation, gate):
        super().__init__()
        self.down, self.up = nn.Conv2d(width, inner, 1), nn.Conv2d(inner, width, 1)
        self.activation, self.gate = activation, gate

    def forward(self, x):
        return x * self.gate(self.up(self.activation(self.down(F.adaptive_avg_pool2d(x, 1)))))


class Inverted(nn.Module):
    """An inverted residual block of MobileNet and EfficientNet."""

    def __init__(self, into, inner, out, kernel, stride, activation, gate=None):
        super().__init__()
        bn = lambda n: nn.BatchNorm2d(n, eps=1e-3)
        self.body = nn.Sequential(
            nn.Conv2d(into, inner, 1, bias=False), bn(inner), activation(),
            nn.Conv2d(inner, inner, kernel, stride, kernel // 2, groups=inner, bias=False),
            bn(inner), activation(),
            SqueezeExcite(inner, 4, nn.SiLU() if activation is nn.SiLU else nn.ReLU(), gate)
            if gate else nn.Identity(),
            nn.Conv2d(inner, out, 1, bias=False), bn(out))
        self.short = into == out and stride == 1

    def forward(self, x):
        return x + self.body(x) if self.short else self.body(x)


class MobileNetV3(nn.Sequential):
    def __init__(self):
        super().__init__(
            nn.Conv2d(3, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8), nn.Hardswish(),
            Inverted(8, 16, 8, 3, 1, nn.ReLU, nn.Hardsigmoid()),
            Inverted(8, 24, 12, 5, 2, nn.Hardswish, nn.Hardsigmoid()),
            nn.Conv2d(12, 24, 1, bias=False), nn.BatchNorm2d(24), nn.Hardswish(),
            nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(24, 24), nn.Hardswish(),
            nn.Dropout(0.2), nn.Linear(24, classes))


class MobileNetV2(nn.Sequential):
    def __init__(self):
        super().__init__(
            nn.Conv2d(3, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8), nn.ReLU6(),
            Inverted(8, 24, 8, 3, 1, nn.ReLU6), Inverted(8, 24, 12, 3, 2, nn.ReLU6),
            nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.2), nn.Linear(12, classes))


class EfficientNet(nn.Sequential):
    def __init__(self):
        super().__init__(
            nn.Conv2d(3, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8), nn.SiLU(),
            Inverted(8, 16, 8, 3, 1, nn.SiLU, nn.Sigmoid()),
            Inverted(8, 24, 12, 5, 2, nn.SiLU, nn.Sigmoid()),
            nn.Conv2d(12, 24, 1, bias=False), nn.BatchNorm2d(24), nn.SiLU(),
            nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.2), nn.Linear(24, classes))


class ShuffleUnit(nn.Module):
    def __init__(self, into, out, stride):
        super().__init__()
        half, self.stride = out // 2, stride
        point = lambda a: [nn.Conv2d(a, half, 1, bias=False), nn.BatchNorm2d(half), nn.ReLU()]
        deep = lambda a: [nn.Conv2d(a, a, 3, stride, 1, groups=a, bias=False), nn.BatchNorm2d(a)]
        self.left = nn.Sequential(*deep(into), *point(into)) if stride > 1 else nn.Identity()
        first = into if stride > 1 else into // 2
        self.right = nn.Sequential(*point(first), *deep(half), *point(half))

    def forward(self, x):
        a, b = x.chunk(2, 1) if self.stride == 1 else (x, x)
        x = torch.cat([self.left(a), self.right(b)], 1)
        n, c, h, w = x.shape
        return x.view(n, 2, c // 2, h, w).transpose(1, 2).reshape(n, c, h, w)


class ShuffleNetV2(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(3, 8, 3, 1, 1, bias=False), nn.BatchNorm2d(8), nn.ReLU(),
            nn.MaxPool2d(3, 2, 1), ShuffleUnit(8, 16, 2), ShuffleUnit(16, 16, 1),
            nn.Conv2d(16, 24, 1, bias=False), nn.BatchNorm2d(24), nn.ReLU())
        self.head = nn.Linear(24, classes)

    def forward(self, x):
        return self.head(self.body(x).mean([2, 3]))


class DenseLayer(nn.Module):
    def __init__(self, into, growth):
        super().__init__()
        self.norm1, self.conv1 = nn.BatchNorm2d(into), nn.Conv2d(into, 12, 1, bias=False)
        self.norm2, self.conv2 = nn.BatchNorm2d(12), nn.Conv2d(12, growth, 3, 1, 1, bias=False)

    def forward(self, x):
        y = self.conv1(F.relu(self.norm1(x)))
        return torch.cat([x, self.conv2(F.relu(self.norm2(y)))], 1)


class DenseNet(nn.Sequential):
    def __init__(self):
        super().__init__(
            nn.Conv2d(3, 8, 3, 1, 1, bias=False), nn.BatchNorm2d(8), nn.ReLU(),
            nn.MaxPool2d(3, 2, 1), DenseLayer(8, 6), DenseLayer(14, 6), nn.BatchNorm2d(20),
            nn.ReLU(), nn.Conv2d(20, 10, 1, bias=False), nn.AvgPool2d(2, 2), DenseLayer(10, 6),
            nn.BatchNorm2d(16), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
            nn.Linear(16, classes))


class StandardConv(nn.Conv2d):
    """A convolution with standardised weights, as in Big Transfer."""

    def forward(self, x):
        w = self.weight
        variance, mean = torch.var_mean(w, dim=[1, 2, 3], keepdim=True, unbiased=False)
        return F.conv2d(
            x, (w - mean) / torch.sqrt(variance + 1e-10), self.bias, self.stride, self.padding)


class GroupNormBlock(nn.Module):
    def __init__(self, into, out, stride):
        super().__init__()
        self.norm1, self.conv1 = nn.GroupNorm(4, into), StandardConv(into, out, 3, stride, 1, bias=False)
        self.norm2, self.conv2 = nn.GroupNorm(4, out), StandardConv(out, out, 3, 1, 1, bias=False)
        self.short = StandardConv(into, out, 1, stride, bias=False)

    def forward(self, x):
        y = F.relu(self.norm1(x))
        return self.short(y) + self.conv2(F.relu(self.norm2(self.conv1(y))))


class GroupNormNet(nn.Sequential):
    """A small Big Transfer network; its logits have the shape [N, K, 1, 1]."""

    def __init__(self):
        super().__init__(
            StandardConv(3, 8, 3, 1, 1, bias=False), nn.ConstantPad2d(1, 0), nn.MaxPool2d(3, 2),
            GroupNormBlock(8, 8, 1), GroupNormBlock(8, 16, 2), nn.GroupNorm(4, 16), nn.ReLU(),
            nn.AdaptiveAvgPool2d(1), nn.Conv2d(16, classes, 1))


class SwinBlock(nn.Module):
    """Attention within windows, which are shifted in every second block."""

    def __init__(self, width, heads, side, window, shift):
        super().__init__()
        self.heads, self.window, self.shift, self.side = heads, window, shift, side
        self.norm1, self.qkv = nn.LayerNorm(width), nn.Linear(width, 3 * width)
        self.out, self.norm2, self.mlp = nn.Linear(width, width), nn.LayerNorm(width), Mlp(width, 2 * width)
        self.table = nn.Parameter(torch.randn((2 * window - 1) ** 2, heads) * 0.5)
        y, x = torch.meshgrid(torch.arange(window), torch.arange(window), indexing="ij")
        places = torch.stack([y.flatten(), x.flatten()])
        gaps = (places[:, :, None] - places[:, None]) + window - 1
        self.register_buffer("index", gaps[0] * (2 * window - 1) + gaps[1])

    def windows(self, x):
        n, h, w, c = x.shape
        k = self.window
        return x.view(n, h // k, k, w // k, k, c).transpose(2, 3).reshape(-1, k * k, c)

    def mask(self, x):
        h, k, s = self.side, self.window, self.shift
        parts = x.new_zeros((1, h, h, 1))
        number = 0
        for rows in (slice(0, -k), slice(-k, -s), slice(-s, None)):
            for columns in (slice(0, -k), slice(-k, -s), slice(-s, None)):
                parts[:, rows, columns] = number
                number += 1
        parts = self.windows(parts).squeeze(-1)
        gaps = parts[:, None] - parts[:, :, None]
        return gaps.masked_fill(gaps != 0, -100.0).masked_fill(gaps == 0, 0.0)

    def forward(self, x):
        n, h, w, c = x.shape
        k, heads = self.window, self.heads
        y = self.norm1(x)
        if self.shift:
            y = torch.roll(y, (-self.shift, -self.shift), (1, 2))
        y = self.windows(y)
        q, key, v = self.qkv(y).reshape(-1, k * k, 3, heads, c // heads).permute(2, 0, 3, 1, 4)
        scores = (q * (c // heads) ** -0.5) @ key.transpose(-2, -1)
        bias = self.table[self.index.view(-1)].view(k * k, k * k, heads).permute(2, 0, 1)
        scores = scores + bias.unsqueeze(0)
        if self.shift:
            mask = self.mask(x)
            scores = scores.view(-1, mask.shape[0], heads, k * k, k * k)
            scores = (scores + mask[:, None][None]).view(-1, heads, k * k, k * k)
        y = self.out((scores.softmax(-1) @ v).transpose(1, 2).reshape(-1, k * k, c))
        y = y.view(n, h // k, w // k, k, k, c).transpose(2, 3).reshape(n, h, w, c)
        if self.shift:
            y = torch.roll(y, (self.shift, self.shift), (1, 2))
        x = x + y
        return x + self.mlp(self.norm2(x))


class Merge(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norm, self.down = nn.LayerNorm(4 * width), nn.Linear(4 * width, 2 * width, bias=False)

    def forward(self, x):
        parts = x[:, 0::2, 0::2], x[:, 1::2, 0::2], x[:, 0::2, 1::2], x[:, 1::2, 1::2]
        return self.down(self.norm(torch.cat(parts, -1)))


class Swin(nn.Module):
    def __init__(self, width=8):
        super().__init__()
        self.patches, self.norm0 = nn.Conv2d(3, width, 2, 2), nn.LayerNorm(width)
        self.blocks = nn.Sequential(
            SwinBlock(width, 2, 8, 4, 0), SwinBlock(width, 2, 8, 4, 2), Merge(width),
            SwinBlock(2 * width, 2, 4, 4, 0))
        self.norm, self.head = nn.LayerNorm(2 * width), nn.Linear(2 * width, classes)

    def forward(self, x):
        x = self.norm0(self.patches(x).permute(0, 2, 3, 1))
        x = self.norm(self.blocks(x)).permute(0, 3, 1, 2)
        return self.head(F.adaptive_avg_pool2d(x, 1).flatten(1))


class PaddedBlock(nn.Module):
    """A block of CIFAR's ResNet whose shortcut takes every second pixel and pads with zeros."""

    def __init__(self, into, out, stride):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(into, out, 3, stride, 1, bias=False), nn.BatchNorm2d(out)
        self.conv2, self.bn2 = nn.Conv2d(out, out, 3, 1, 1, bias=False), nn.BatchNorm2d(out)
        self.stride, self.more = stride, out - into

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        if self.stride > 1:
            half = self.more // 2
            x = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, half, half), "constant", 0)
        return F.relu(x + y)


class PaddedResNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.bn = nn.Conv2d(3, 8, 3, 1, 1, bias=False), nn.BatchNorm2d(8)
        self.blocks = nn.Sequential(
            PaddedBlock(8, 8, 1), PaddedBlock(8, 12, 2), PaddedBlock(12, 16, 2))
        self.head = nn.Linear(16, classes)

    def forward(self, x):
        x = self.blocks(F.relu(self.bn(self.conv(x))))
        return self.head(F.avg_pool2d(x, x.size()[3]).view(x.size(0), -1))


class Decoder(nn.Module):
    """A network that makes its features smaller and larger again, as models that remove noise."""

    def __init__(self):
        super().__init__()
        self.down = nn.Conv2d(3, 8, 3, 2, 1)
        self.up, self.mid = nn.ConvTranspose2d(8, 6, 3, 2, 1, output_padding=1), nn.Conv2d(6, 6, 3, 2, 1)
        self.norm, self.prelu = nn.InstanceNorm2d(6, affine=True), nn.PReLU(6)
        self.head = nn.Linear(6 * 4, classes)

    def forward(self, x):
        x = F.pad(F.elu(self.up(F.mish(self.down(x)))), (1, 1, 1, 1), "reflect")
        x = F.interpolate(self.prelu(self.norm(self.mid(x))), size=(12, 12), mode="bilinear")
        x = F.interpolate(x, scale_factor=2, mode="nearest")
        return self.head(F.max_pool2d(x, 12).flatten(1))


families = {
    "vit": ViT, "encoder": Encoder, "convnext": ConvNeXt, "mixer": Mixer,
    "mobilenetv2": MobileNetV2, "mobilenetv3": MobileNetV3, "efficientnet": EfficientNet,
    "shufflenet": ShuffleNetV2, "densenet": DenseNet, "groupnorm": GroupNormNet, "swin": Swin,
    "resnet": PaddedResNet, "decoder": Decoder,
}
