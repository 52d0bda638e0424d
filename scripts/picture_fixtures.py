#!/usr/bin/env python3
"""Writes Tests/DatasetsTests/Fixtures/pictures: pictures of every kind, and what PIL makes of them.

For NAME.png or NAME.jpg, NAME.pil.png holds the pixels that PIL decodes, in RGB, or in grey for a
grey file. The folder resized/ holds pictures, and what torchvision's Resize and CenterCrop make of
each: NAME.expected.png, and in grey NAME.grey.png.

Needs numpy, pillow 11, torch and torchvision. Pillow 13 scales the height of tall pictures first,
and some bytes differ by one.
"""
import pathlib
import struct
import sys
import zlib

import numpy
import torch
from PIL import Image

# Loads torchvision's Python part even if its compiled part does not fit the installed PyTorch. The
# transforms of pictures do not need the compiled part.
torch.library.register_fake = lambda *_, **__: lambda function: function
from torchvision import transforms

default = "Tests/DatasetsTests/Fixtures/pictures"
folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else default)
folder.mkdir(parents=True, exist_ok=True)
(folder / "resized").mkdir(exist_ok=True)


def scene(height, width, seed):
    """A smooth picture with edges and a little noise, uint8 [H, W, 3]."""
    y, x = numpy.mgrid[0:height, 0:width]
    random = numpy.random.default_rng(seed)
    red = 127 + 120 * numpy.sin(x / 5 + seed)
    green = 127 + 120 * numpy.cos(y / 7)
    blue = 255 * ((x // 8 + y // 8) % 2)
    picture = numpy.stack([red, green, blue], 2) + random.normal(0, 6, (height, width, 3))
    return Image.fromarray(numpy.clip(picture, 0, 255).astype(numpy.uint8))


def chunk(kind, content):
    """A chunk of a PNG file: its length, its name, its content and its checksum."""
    checksum = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)


def png16(pixels, colour):
    """A PNG file with 16 bits a channel, which PIL cannot write in colour."""
    height, width = pixels.shape[:2]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    header = struct.pack(">IIBBBBB", width, height, 16, colour, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*each) for each in chunks)


colour = scene(37, 50, 1)
saved = {
    "grey.png": (colour.convert("L"), {}),
    "rgb.png": (colour, {}),
    "palette.png": (colour.quantize(32), {}),
    "bits.png": (colour.convert("1"), {}),
    "opaque.png": (colour.convert("RGBA"), {}),
    "grey.jpg": (colour.convert("L"), {"quality": 90}),
    "rgb.jpg": (colour, {"quality": 90, "subsampling": 0}),
    "subsampled.jpg": (colour, {"quality": 75, "subsampling": 2}),
    "odd.jpg": (scene(33, 31, 5), {"quality": 80, "subsampling": 2}),
    "progressive.jpg": (colour, {"quality": 85, "progressive": True}),
    "cmyk.jpg": (colour.convert("CMYK"), {"quality": 90}),
    "keep-rgb.jpg": (colour, {"quality": 90, "keep_rgb": True}),
}
for name, (picture, options) in saved.items():
    picture.save(folder / name, **options)
turned = colour.copy()
exif = Image.Exif()
exif[0x0112] = 6
turned.save(folder / "turned.jpg", quality=90, exif=exif)

values = numpy.arange(64, dtype=numpy.uint32).reshape(8, 8) * 1021 + 300
(folder / "grey16.png").write_bytes(png16(values.astype(numpy.uint16), 0))
triple = numpy.stack([values, 65535 - values, values[::-1]], 2).astype(numpy.uint16)
(folder / "rgb16.png").write_bytes(png16(triple, 2))

for file in sorted(folder.glob("*.*")):
    if file.name.endswith(".pil.png") or "16" in file.name or file.name == "transparent.png":
        continue
    with Image.open(file) as picture:
        mode = "L" if picture.mode in ("L", "1") else "RGB"
        picture.convert(mode).save(folder / (file.name + ".pil.png"))

# A 16-bit value becomes the nearest 8-bit value.
for name, wide in [("grey16", values), ("rgb16", triple.astype(numpy.uint32))]:
    nearest = ((wide + 128) // 257).astype(numpy.uint8)
    Image.fromarray(nearest).save(folder / f"{name}.png.pil.png")

clear = colour.convert("RGBA")
clear.putpixel((3, 3), (1, 2, 3, 254))
clear.save(folder / "transparent.png")

resized = [
    ("wide", (48, 83), 24),
    ("tall", (101, 40), 24),
    ("up", (13, 17), 32),
    ("odd", (31, 30), 29),
]
for name, size, crop in resized:
    picture = scene(*size, 7)
    picture.save(folder / "resized" / f"{name}.png")
    steps = transforms.Compose([transforms.Resize(crop + 5), transforms.CenterCrop(crop)])
    steps(picture).save(folder / "resized" / f"{name}.expected.png")
    grey = transforms.Compose([transforms.Lambda(lambda p: p.convert("L")), *steps.transforms])
    grey(picture).save(folder / "resized" / f"{name}.grey.png")
