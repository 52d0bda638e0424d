#!/usr/bin/env python3
"""Writes Tests/DatasetsTests/Fixtures/arrays: the same five images in every array format.

Python's own libraries write the files, so the tests compare the readers with them. Needs numpy,
scipy and safetensors.

- The pixel (n, c, h, w) of image n is (50 n + 12 c + 4 h + w) mod 256.
- The labels are 0, 2, 1, 2, 0, and the groups 3, 0, 1, 3, 1.
- The mask of the pixel (n, c, h, w) is 1 where n + h + w is a multiple of 3, else 0.
"""
import json
import pathlib
import sys

import numpy
import scipy.io
from safetensors.numpy import save_file

default = "Tests/DatasetsTests/Fixtures/arrays"
folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else default)
(folder / "npy").mkdir(parents=True, exist_ok=True)
n, c, h, w = numpy.ogrid[0:5, 0:3, 0:2, 0:4]
images = ((50 * n + 12 * c + 4 * h + w) % 256).astype(numpy.uint8)
last = images.transpose(0, 2, 3, 1)
floats = (images / 255).astype(numpy.float32)
labels = numpy.array([0, 2, 1, 2, 0])
groups = numpy.array([3, 0, 1, 3, 1])
masks = ((n + h + w) % 3 == 0)[:, 0]

# NumPy: both orders of dimensions, both byte orders, and several types of elements.
numpy.savez(folder / "plain.npz", images=images, labels=labels)
numpy.savez_compressed(
    folder / "compressed.npz",
    images=numpy.ascontiguousarray(last),
    labels=labels.astype(numpy.uint8),
)
numpy.savez(
    folder / "fortran.npz", images=numpy.asfortranarray(images), labels=labels.astype(">i4")
)
numpy.savez(
    folder / "floats.npz",
    images=(images / 255).astype(">f4"),
    labels=labels[:, None].astype("<i2"),
)
numpy.savez(folder / "doubles.npz", x=numpy.asfortranarray(last / 255), y=labels)
numpy.savez(
    folder / "keras.npz",
    x_train=last[:3],
    y_train=labels[:3],
    x_test=last[3:],
    y_test=labels[3:],
)
for name, array in [("images", images), ("labels", labels.astype(numpy.int32))]:
    numpy.save(folder / "npy" / f"{name}.npy", array)

# Masks and groups, and a table whose values lie between -1 and 1.
numpy.savez(
    folder / "annotated.npz",
    images=numpy.ascontiguousarray(last),
    labels=labels,
    masks=numpy.asfortranarray(masks),
    groups=groups.astype(numpy.int32),
)
rows = (images.reshape(5, 24) / 127.5 - 1).astype(numpy.float32)
numpy.savez(
    folder / "table.npz",
    x=rows,
    y=labels,
    masks=numpy.repeat(masks[:, None], 3, axis=1).reshape(5, 24),
    groups=groups.astype(numpy.uint8),
)
every = numpy.ascontiguousarray(numpy.repeat(masks[:, None], 3, axis=1))
save_file(
    {"images": floats, "labels": labels, "masks": every.astype(numpy.float32), "groups": groups},
    folder / "annotated.safetensors",
)

save_file(
    {"images": images, "labels": labels.astype(numpy.int64)},
    folder / "set.safetensors",
    metadata={"classNames": json.dumps(["cat", "dog", "cow"])},
)
save_file({"images": floats, "labels": labels.astype(numpy.int64)}, folder / "floats.safetensors")

# SVHN's files: height, width, channel, image; the label 10 stands for the digit 0.
digits = {
    "X": last.transpose(1, 2, 3, 0),
    "y": numpy.where(labels == 0, 10, labels).astype(numpy.uint8)[:, None],
}
scipy.io.savemat(folder / "compressed.mat", digits, do_compression=True)
scipy.io.savemat(folder / "plain.mat", {**digits, "y": digits["y"].astype(float)})
