#!/usr/bin/env python3
"""Prints the expected values of Tests/ModelCoreTests/ImageStatisticsTests.swift, computed by NumPy
and SciPy in double precision.

Pixel (n, c, h, w) of the images [2, 2, 5, 6] is ((7 n + 5 c + 3 h + 2 w + h w) mod 11) / 10.
"""

import numpy
from scipy.ndimage import correlate

n, c, h, w = numpy.ogrid[0:2, 0:2, 0:5, 0:6]
x = ((7 * n + 5 * c + 3 * h + 2 * w + h * w) % 11) / 10.0
moved = x - x.mean(axis=(1, 2, 3), keepdims=True)
standard = moved / numpy.maximum(x.std(axis=(1, 2, 3), keepdims=True), 1 / numpy.sqrt(60))
print("standardize", [round(float(v), 7) for v in standard[1, 1, 2]])

line = numpy.exp(-((numpy.arange(-3, 4) / 3.0) ** 2) / 2)
kernel = numpy.outer(line, line)
kernel /= 2 * kernel.sum()


def local(images):
    """The weighted sum over the window and the channels, with zeros outside: [N, 1, H, W]."""
    planes = [
        sum(correlate(image[k], kernel, mode="constant") for k in range(2)) for image in images
    ]
    return numpy.stack(planes)[:, None]


v = x - local(x)
deviation = numpy.sqrt(local(v**2))
result = v / numpy.maximum(
    numpy.maximum(deviation, deviation.mean(axis=(1, 2, 3), keepdims=True)), 1e-4
)
print("localcontrast", [round(float(v), 7) for v in result[1, 1, 2]])
