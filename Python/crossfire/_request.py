"""What all functions share: the options, and the files that a call of the command reads."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict, Union

from . import _data, _models
from ._data import Images, Labels
from ._errors import CrossfireError
from ._models import Model, Source

Budget = Union[float, str]
"""A budget ε, as a number or as a fraction such as "8/255"."""


Normalisation = Union[float, Sequence[float], None]
"""A number for all channels, or one for each."""


class Options(TypedDict, total=False):
    """Options of every function that computes.

    Keys:
        masks: [N, H, W] or the shape of the images: 1 where a number must not influence the answer.
        groups: [N], a whole number for the group of each image.
        layout: "nchw" or "nhwc", if the sizes of the images leave it open.
        value_range: the smallest and the largest value of floating-point images, if they are not 0
            and 1; budgets are in the same unit.
        classes: the number of classes, if neither the labels nor the models tell it.
        count: use only the first images.
        sample: use so many images, which `seed` draws from all classes.
        seed: the seed of all random numbers (1).
        device: "auto", "cpu", "cuda" or "cuda:N" ("auto").
        threads: the number of threads (OMP_NUM_THREADS, or one per core that may be used).
        batch_size: the number of images that are computed at once (256).
        progress: whether progress, notices and flags are shown on standard error (True).
    """

    masks: Any
    groups: Labels | None
    layout: str | None
    value_range: tuple[float, float] | None
    classes: int | None
    count: int | None
    sample: int | None
    seed: int | None
    device: str | None
    threads: int | None
    batch_size: int | None
    progress: bool


@dataclass
class Request:
    """A call of the command on models and data.

    Attributes:
        arguments: the arguments that name the models, the data and the options.
        out: the place of the result.
    """

    arguments: list[str]
    out: Path
    _inputs: Path
    _is_temporary: bool

    def close(self) -> None:
        """Removes the files that were written for the call, unless the caller named a place."""
        if self._is_temporary:
            shutil.rmtree(self._inputs, ignore_errors=True)


def prepare(
    models: Mapping[str, Source | Model],
    images: Images | None,
    labels: Labels | None,
    mean: Normalisation,
    std: Normalisation,
    out: str | os.PathLike[str] | None,
    options: Options,
    result: str,
) -> Request:
    """Writes models and data that are in memory into files.

    Args:
        models: the models by their names.
        images, labels: the data; no images for none.
        mean, std: the normalisation of the models in memory that state none.
        out: the place of the result, beside which the folder OUT.inputs gets the files, so that the
            same request can be made again. None for a new folder among the temporary files, in
            which only the result stays.
        options: the further options.
        result: the name of the result in a temporary folder.

    Raises:
        CrossfireError: if models or data cannot be written.
    """
    unknown = set(options) - set(Options.__annotations__)
    if unknown:
        raise CrossfireError(
            f"there is no option {sorted(unknown)[0]!r}",
            "the options are " + ", ".join(Options.__annotations__),
        )
    if out is None:
        folder = Path(tempfile.mkdtemp(prefix="crossfire-"))
        place, inputs = folder / result, folder / "inputs"
    else:
        place = Path(out).absolute()
        inputs = place.with_name(place.name + ".inputs")
    inputs.mkdir(parents=True, exist_ok=True)
    request = Request([], place, inputs, out is None)
    try:
        request.arguments = _arguments(models, images, labels, mean, std, options, inputs)
    except BaseException:
        shutil.rmtree(inputs if out is not None else inputs.parent, ignore_errors=True)
        raise
    return request


def _arguments(
    models: Mapping[str, Source | Model],
    images: Images | None,
    labels: Labels | None,
    mean: Normalisation,
    std: Normalisation,
    options: Options,
    inputs: Path,
) -> list[str]:
    layout, classes = options.get("layout"), options.get("classes")
    data: str | None = None
    shape: tuple[int, ...] | None = None
    arrays: _data.Arrays | None = None
    if images is not None:
        data, arrays = _data.argument(
            images, labels, options.get("masks"), options.get("groups"), inputs
        )
        shape = arrays.shape_of_example(layout) if arrays else None
    values, found = _models.arguments(models, mean, std, shape, inputs)
    if arrays and found and classes is None and arrays.lack_classes(found):
        classes = found
    words = ["--model", *values]
    if data is not None:
        settings = [f"layout={layout}"] if layout else []
        settings += [f"classes={classes}"] if classes else []
        bounds = options.get("value_range")
        settings += [f"range={float(bounds[0]):g}..{float(bounds[1]):g}"] if bounds else []
        separator = "," if ":" in data and not os.path.exists(data) else ":"
        words += ["--data", data + (separator + ",".join(settings) if settings else "")]
    for name in ("count", "sample", "seed", "device", "threads", "batch_size"):
        value = options.get(name)
        if value is not None:
            words += ["--" + name.replace("_", "-"), str(value)]
    return words


def several(values: Any, what: str) -> list[str]:
    """One or several words or numbers as the command takes them, such as attacks or budgets."""
    if isinstance(values, (str, int, float)) or not hasattr(values, "__iter__"):
        values = [values]
    texts = [value if isinstance(value, str) else repr(float(value)) for value in values]
    if not texts:
        raise CrossfireError(f"expected at least one of the {what}, found none")
    return texts


def optional(**values: Any) -> list[str]:
    """The options that have a value."""
    return [
        word
        for name, value in values.items()
        if value is not None
        for word in ("--" + name, str(value))
    ]
