"""The functions that judge a model. Each calls one command and gives back what it found."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ._command import run
from ._data import Images, Labels
from ._explanations import Explanations
from ._models import Model, Source
from ._request import Normalisation, Options, optional, prepare, several
from ._verdicts import Evaluation, Inspection

if TYPE_CHECKING:
    from typing_extensions import Unpack


def evaluate(
    models: Mapping[str, Source | Model],
    images: Images,
    labels: Labels | None = None,
    *,
    mean: Normalisation = None,
    std: Normalisation = None,
    noise: float | Sequence[float] | None = None,
    judgements: int | None = None,
    **options: Unpack[Options],
) -> Evaluation:
    """Measures the accuracy of models on unchanged images, by group and by mask if there are any.

    Args:
        noise: with masks, the standard deviations of the noise inside and outside of them.

    All other arguments are those of `transfer`.

    Returns:
        The accuracy of each model with its 95 % interval, and the flags of the trust checks.

    Raises:
        CrossfireError: with the message, the hint and the status of the command.

    Example:
        >>> evaluate({"mine": model}, images, labels).accuracy("mine")
        0.912
    """
    request = prepare(models, images, labels, mean, std, None, options, "results")
    words = ["evaluate", *request.arguments]
    words += ["--noise", *several(noise, "standard deviations")] if noise is not None else []
    words += optional(judgements=judgements)
    try:
        return Evaluation(run(words, options.get("progress", True)))
    finally:
        request.close()


def inspect(
    model: Source | Model,
    images: Images | None = None,
    labels: Labels | None = None,
    *,
    mean: Normalisation = None,
    std: Normalisation = None,
    deep: bool = False,
    **options: Unpack[Options],
) -> Inspection:
    """Describes a model, and with images tests it for what would invalidate an evaluation.

    Args:
        images: the images to test the model on, as in `transfer`. They are needed for a module,
            whose shape of images they tell.
        deep: whether the attacks of the tests get more images, steps, queries and budgets.

    All other arguments are those of `transfer`.

    Returns:
        The description, and the checks with what they found and what to do.

    Raises:
        CrossfireError: with the message, the hint and the status of the command.

    Example:
        >>> inspect(model, images, labels).failed
        []
    """
    request = prepare({"model": model}, images, labels, mean, std, None, options, "results")
    arguments = request.arguments
    # `inspect` takes the model without a name, and no seed.
    place = arguments.index("--model")
    words = ["inspect", arguments[place + 1].partition("=")[2], *arguments[place + 2 :]]
    words += ["--deep"] if deep else []
    try:
        return Inspection(run(words, options.get("progress", True)))
    finally:
        request.close()


def explain(
    model: Source | Model,
    images: Images,
    labels: Labels | None = None,
    *,
    methods: str | Sequence[str],
    mean: Normalisation = None,
    std: Normalisation = None,
    explained_class: str | int | None = None,
    top: int | None = None,
    trust: int | None = None,
    pictures: int | None = None,
    out: str | os.PathLike[str] | None = None,
    replace: bool = False,
    **options: Unpack[Options],
) -> Explanations:
    """Shows which pixels a model's answers depend on, and measures how far that can be trusted.

    Args:
        methods: their names, with settings after a colon: `["gradient", "smoothgrad"]`.
        explained_class: the class to explain, by its name or number; None for the predicted one.
        top: the number of features that are listed and compared.
        trust: the number of images on which the trust is measured; 0 for none.
        pictures: the number of images that are drawn; None for all.
        out: the folder to write; None for a new one among the temporary files.

    All other arguments are those of `transfer`.

    Returns:
        The contributions as arrays of NumPy, the pictures, and the measures of trust.

    Raises:
        CrossfireError: with the message, the hint and the status of the command.

    Example:
        >>> why = explain(model, images[:20], labels[:20], methods=["gradient", "lime"])
        >>> why.trust
    """
    request = prepare({"model": model}, images, labels, mean, std, out, options, "explanations")
    words = ["explain", *request.arguments, "--out", str(request.out)]
    words += ["--method", *several(methods, "methods")]
    words += optional(top=top, trust=trust, pictures=pictures, **{"class": explained_class})
    words += ["--replace"] if replace else []
    try:
        return Explanations(run(words, options.get("progress", True)), request.out)
    finally:
        request.close()
