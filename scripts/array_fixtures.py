#!/usr/bin/env python3
"""Makes Tests/DatasetsTests/Fixtures/arrays: the same five images and labels in every array format.

Needs numpy, scipy and safetensors, which write the files. Pixel (n, c, h, w) is
(50 n + 12 c + 4 h + w) mod 256, and the labels are 0, 2, 1, 2, 0.
"""

import json, pathlib, sys

import numpy
import scipy.io
from safetensors.numpy import save_file

folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "Tests/DatasetsTests/Fixtures/arrays")
folder.mkdir(parents=True, exist_ok=True)
n, c, h, w = numpy.ogrid[0:5, 0:3, 0:2, 0:4]
images = ((50 * n + 12 * c + 4 * h + w) % 256).astype(numpy.uint8)
labels = numpy.array([0, 2, 1, 2, 0])
last = images.transpose(0, 2, 3, 1)

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
    folder / "floats.npz", images=(images / 255).astype(">f4"), labels=labels[:, None].astype("<i2")
)
numpy.savez(folder / "doubles.npz", x=numpy.asfortranarray(last / 255), y=labels)
numpy.savez(
    folder / "keras.npz", x_train=last[:3], y_train=labels[:3], x_test=last[3:], y_test=labels[3:]
)
for name, array in [("images", images), ("labels", labels.astype(numpy.int32))]:
    (folder / "npy").mkdir(exist_ok=True)
    numpy.save(folder / "npy" / f"{name}.npy", array)
save_file(
    {"images": images, "labels": labels.astype(numpy.int64)},
    folder / "set.safetensors",
    metadata={"classNames": json.dumps(["cat", "dog", "cow"])},
)
save_file(
    {"images": (images / 255).astype(numpy.float32), "labels": labels.astype(numpy.int64)},
    folder / "floats.safetensors",
)
# The arrangement of SVHN's own files: height, width, channel, image, and label 10 for the digit 0.
digits = {
    "X": last.transpose(1, 2, 3, 0),
    "y": numpy.where(labels == 0, 10, labels).astype(numpy.uint8)[:, None],
}
scipy.io.savemat(folder / "compressed.mat", digits, do_compression=True)
scipy.io.savemat(folder / "plain.mat", {**digits, "y": digits["y"].astype(float)})
