"""Images and labels, as the command takes them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Union

from ._errors import CrossfireError

if TYPE_CHECKING:
    import numpy
    import torch
    from collections.abc import Sequence

Images = Union["numpy.ndarray[Any, Any]", "torch.Tensor", str, "os.PathLike[str]"]
"""Images as an array or tensor, or a data set by its name or path."""

Labels = Union["numpy.ndarray[Any, Any]", "torch.Tensor", "Sequence[int]"]
"""One whole number for each image."""


def array(values: Any, what: str) -> numpy.ndarray[Any, Any]:
    """A tensor, array or list as an array of NumPy."""
    import numpy

    if hasattr(values, "detach"):
        try:
            return values.detach().cpu().numpy()  # type: ignore[no-any-return]
        except TypeError as error:
            raise CrossfireError(
                f"{what}: tensors of type {values.dtype} cannot become arrays of NumPy",
                f"convert them first: {what}.float()",
            ) from error
    return numpy.asarray(values)


class Arrays(dict[str, "numpy.ndarray[Any, Any]"]):
    """Arrays of images, labels, masks and groups by these names."""

    def shape_of_example(self, layout: str | None) -> tuple[int, ...]:
        """The shape of an image in a model, [C, H, W], or of a row, [D].

        The channels are found as the command finds them: the dimension of size 1 or 3.
        """
        _, *rest = self["images"].shape
        if len(rest) == 1:
            return (rest[0],)
        if len(rest) == 2:
            return (1, *rest)
        is_last = layout == "nhwc" or (layout is None and rest[0] not in (1, 3))
        return (rest[2], rest[0], rest[1]) if is_last else (rest[0], rest[1], rest[2])

    def lack_classes(self, count: int) -> bool:
        """Whether the labels do not reach the last of some classes."""
        labels = self["labels"]
        return labels.size > 0 and int(labels.max()) + 1 < count


def argument(
    images: Images, labels: Labels | None, masks: Any, groups: Labels | None, folder: Path
) -> tuple[str, Arrays | None]:
    """Writes the data into a file, unless they are in one.

    Returns:
        The value of the option `--data`, without options after the path, and the arrays that were
        written.

    Raises:
        CrossfireError: if the arrays do not fit together.
    """
    import numpy

    if isinstance(images, (str, os.PathLike)):
        if any(value is not None for value in (labels, masks, groups)):
            raise CrossfireError(
                "labels, masks and groups belong to images in memory, and the images are "
                f"{os.fspath(images)!r}",
                "leave them out: a data set has its own",
            )
        return os.fspath(images), None
    if labels is None:
        raise CrossfireError("expected a label for each image, found no labels")
    arrays = Arrays(images=array(images, "images"), labels=array(labels, "labels"))
    if not numpy.issubdtype(arrays["labels"].dtype, numpy.integer):
        raise CrossfireError(
            f"labels are whole numbers, found {arrays['labels'].dtype}",
            "convert them: labels.astype('int64')",
        )
    if masks is not None:
        arrays["masks"] = array(masks, "masks")
    if groups is not None:
        arrays["groups"] = array(groups, "groups")
    if not 2 <= arrays["images"].ndim <= 4:
        raise CrossfireError(
            "images are [N, C, H, W], [N, H, W, C], [N, H, W] or rows [N, D], found the shape "
            f"{list(arrays['images'].shape)}"
        )
    for name, values in arrays.items():
        if values.ndim == 0 or len(values) != len(arrays["images"]):
            raise CrossfireError(
                f"{name} have the shape {list(values.shape)}, expected {len(arrays['images'])} of "
                "them, one for each image"
            )
    path = folder / "images.npz"
    numpy.savez(path, **arrays)  # type: ignore[arg-type]
    return str(path), arrays
