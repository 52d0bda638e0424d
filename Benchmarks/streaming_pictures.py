#!/usr/bin/env python3
"""Makes the folder that `crossfire-bench streaming FOLDER` reads. Needs numpy and pillow.

    Benchmarks/streaming_pictures.py FOLDER [COUNT] [jpg|png]

The folder has COUNT pictures of 224 x 224 in ten classes. COUNT / 25 of them are different, and the
others are links to those, which saves space on the disk.
"""

import os, pathlib, sys

import numpy
from PIL import Image

folder = pathlib.Path(sys.argv[1])
count = int((sys.argv + ["", "50000"])[2] or 50000)
kind = (sys.argv + [""] * 3)[3] or "jpg"
random = numpy.random.default_rng(1)
originals = []
for index in range(count):
    place = folder / str(index % 10) / f"{index:06}.{kind}"
    place.parent.mkdir(parents=True, exist_ok=True)
    if index < max(1, count // 25):
        # Smooth shapes with some noise. A picture takes about 15 KB as JPEG and 110 KB as PNG, as
        # photographs of this size do.
        coarse = random.integers(0, 256, (14, 14, 3), dtype=numpy.uint8)
        large = Image.fromarray(coarse).resize((224, 224), Image.BICUBIC)
        smooth = numpy.asarray(large).astype(float)
        noisy = numpy.clip(smooth + random.normal(0, 8, smooth.shape), 0, 255).astype(numpy.uint8)
        Image.fromarray(noisy).save(place, **({"quality": 85} if kind == "jpg" else {}))
        originals.append(place)
    else:
        os.link(originals[index % len(originals)], place)
