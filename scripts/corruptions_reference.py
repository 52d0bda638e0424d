#!/usr/bin/env python3
"""Computes corruptions of pictures with other libraries, for the test of the corruptions.

    pip install numpy scipy pillow scikit-image opencv-python-headless
    python3 scripts/corruptions_reference.py > Tests/AttacksTests/CorruptionReference.swift

These are the corruptions of ImageNet-C and CIFAR-10-C (Hendrycks & Dietterich, 2019) that use no
random numbers. The strengths are those of the publication: the first row of each is for pictures of
128x128 pixels, which count as photographs, and the second one for 32x32.
"""

import io
import math

import cv2
import numpy as np
import skimage.color
from PIL import Image
from scipy import ndimage

PLACES = 11


def picture(side):
    """A picture [side, side, 3] of bytes that Swift can make too."""
    y, x, c = np.meshgrid(np.arange(side), np.arange(side), np.arange(3), indexing="ij")
    waves = np.abs((5 * x + 3 * y * (c + 1)) % 256 - 128)
    squares = 90 * (((x // 6) + (y // 9)) % 2)
    return np.clip(waves + squares - 20 * c, 0, 255).astype(np.uint8)


def contrast(bytes, keep):
    x = bytes / 255
    means = x.mean(axis=(0, 1))
    return means + keep * (x - means)


def brightness(bytes, amount):
    hsv = skimage.color.rgb2hsv(bytes / 255)
    hsv[..., 2] = np.minimum(hsv[..., 2] + amount, 1)
    return skimage.color.hsv2rgb(hsv)


def pixelate(bytes, share):
    side = bytes.shape[0]
    small = Image.fromarray(bytes).resize((int(side * share),) * 2, Image.BOX)
    return np.array(small.resize((side, side), Image.BOX)) / 255


def jpeg(bytes, quality):
    file = io.BytesIO()
    Image.fromarray(bytes).save(file, "JPEG", quality=quality)
    return np.array(Image.open(file)) / 255


def defocus(bytes, strength):
    radius, edge = strength
    reach, window = (8, 3) if radius <= 8 else (radius, 5)
    offsets = np.arange(-reach, reach + 1)
    disk = (offsets[:, None] ** 2 + offsets[None, :] ** 2 <= radius**2).astype(np.float32)
    disk = cv2.GaussianBlur(disk / disk.sum(), (window, window), edge)
    return cv2.filter2D(bytes / 255, -1, disk)


def zoomed(x, factor):
    side = x.shape[0]
    part = math.ceil(side / factor)
    first = (side - part) // 2
    inner = x[first : first + part, first : first + part]
    large = ndimage.zoom(inner, (factor, factor, 1), order=1)
    cut = (large.shape[0] - side) // 2
    return large[cut : cut + side, cut : cut + side]


def zoom_blur(bytes, factors):
    x = bytes / 255
    return np.mean([x] + [zoomed(x, factor) for factor in np.arange(*factors)], axis=0)


KINDS = {
    "contrast": (contrast, [0.4, 0.3, 0.2, 0.1, 0.05], [0.75, 0.5, 0.4, 0.3, 0.15]),
    "brightness": (brightness, [0.1, 0.2, 0.3, 0.4, 0.5], [0.05, 0.1, 0.15, 0.2, 0.3]),
    "pixelate": (pixelate, [0.6, 0.5, 0.4, 0.3, 0.25], [0.95, 0.9, 0.85, 0.75, 0.65]),
    "jpeg": (jpeg, [25, 18, 15, 10, 7], [80, 65, 58, 50, 40]),
    "defocus-blur": (
        defocus,
        [(3, 0.1), (4, 0.5), (6, 0.5), (8, 0.5), (10, 0.5)],
        [(0.3, 0.4), (0.4, 0.5), (0.5, 0.6), (1, 0.2), (1.5, 0.1)],
    ),
    "zoom-blur": (
        zoom_blur,
        [(1, 1.11, 0.01), (1, 1.16, 0.01), (1, 1.21, 0.02), (1, 1.26, 0.02), (1, 1.31, 0.03)],
        [(1, 1.06, 0.01), (1, 1.11, 0.01), (1, 1.16, 0.01), (1, 1.21, 0.01), (1, 1.26, 0.01)],
    ),
}

print("// Written by scripts/corruptions_reference.py.\n")
print("/// Corrupted pictures as other libraries compute them: kind, side, severity, and the values at")
print(f"/// {PLACES} places, which are `(7919 · i) mod count` in the order channel, row, column.")
print('let corruptionReference = """')
for kind, (corrupt, photographs, small) in KINDS.items():
    for side, strengths in ((128, photographs), (32, small)):
        for severity, strength in enumerate(strengths, 1):
            corrupted = np.clip(corrupt(picture(side), strength), 0, 1)
            values = corrupted.transpose(2, 0, 1).reshape(-1)
            chosen = values[7919 * np.arange(1, PLACES + 1) % values.size]
            print(f"  {kind} {side} {severity}", *(f"{value:.4f}" for value in chosen))
print('  """')
