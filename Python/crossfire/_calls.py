"""The functions of the package. Each calls one command and gives back what it found."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ._command import run
from ._data import Images, Labels
from ._examples import Examples
from ._explanations import Explanations
from ._grid import Grid
from ._models import Model, Source
from ._request import Budget, Options, prepare, several
from ._verdicts import Evaluation, Inspection

if TYPE_CHECKING:
    from typing_extensions import Unpack

Normalisation = float | Sequence[float] | None
"""A number for all channels, or one for each."""


def transfer(
    models: Mapping[str, Source | Model],
    images: Images,
    labels: Labels | None = None,
    *,
    attacks: str | Sequence[str],
    epsilons: Budget | Sequence[Budget],
    mean: Normalisation = None,
    std: Normalisation = None,
    target: str | int | None = None,
    mask: str | None = None,
    pictures: int | None = None,
    out: str | os.PathLike[str] | None = None,
    replace: bool = False,
    **options: Unpack[Options],
) -> Grid:
    """Attacks every model, and shows the adversarial examples of each to all of them.

    Args:
        models: the models by their names: modules, exported programs, state dictionaries with an
            architecture (`Model`), or paths. They take images [N, C, H, W] and give logits [N, K].
        images: [N, C, H, W], [N, H, W, C], [N, H, W] or rows [N, D], as uint8 or as floating-point
            numbers in [0, 1], from NumPy or PyTorch; or the name or path of a data set.
        labels: [N], whole numbers from 0 to K − 1; None for a data set.
        attacks: their names, with settings after a colon: `["fgsm", "pgd:steps=40"]`.
        epsilons: the budgets in the unit of the pixels: `[0, 0.01, "8/255"]`.
        mean, std: the normalisation (x − mean) / std that models in memory expect before them; None
            for models that take pixels in [0, 1].
        target: the class that targeted attacks aim at: "next", "random", "least-likely", "all" or a
            label.
        mask: "nuisance" or "core", the part of each image that an attack may change; needs masks.
        pictures: the number of images whose adversarial examples are written as PNG files.
        out: the run folder to write; None for a new one among the temporary files.
        replace: whether results of another request in `out` are replaced.
        options: see `Options`.

    Returns:
        The grid of accuracies, with the report.

    Raises:
        CrossfireError: with the message, the hint and the status of the command.

    Example:
        >>> grid = transfer({"a": a, "b": b}, images, labels, attacks="pgd", epsilons=["8/255"])
        >>> grid.worst_case("a") > 0.4
    """
    request = prepare(models, images, labels, mean, std, out, options, "results")
    words = ["transfer", *request.arguments, "--out", str(request.out)]
    words += ["--attack", *several(attacks, "attacks")]
    words += ["--epsilon", *several(epsilons, "budgets")]
    words += _optional(target=target, mask=mask, images=pictures)
    words += ["--replace"] if replace else []
    try:
        return Grid(run(words, options.get("progress", True)), request.out)
    finally:
        request.close()


def attack(
    model: Source | Model,
    images: Images,
    labels: Labels | None = None,
    *,
    attack: str,
    epsilons: Budget | Sequence[Budget],
    mean: Normalisation = None,
    std: Normalisation = None,
    target: str | int | None = None,
    mask: str | None = None,
    out: str | os.PathLike[str] | None = None,
    replace: bool = False,
    **options: Unpack[Options],
) -> Examples:
    """Attacks one model, and gives the adversarial examples.

    Args:
        attack: the name of the attack, with settings after a colon.
        out: the file to write the examples to, in safetensors; None for a temporary one.

    All other arguments are those of `transfer`.

    Returns:
        The examples, as arrays of NumPy, and the accuracy for each budget.

    Raises:
        CrossfireError: with the message, the hint and the status of the command.

    Example:
        >>> examples = attack(model, images, labels, attack="fgsm", epsilons=[0.01, 0.03])
        >>> examples.adversarial(0.03).shape
        (1000, 3, 32, 32)
    """
    request = prepare(
        {"model": model},
        images,
        labels,
        mean,
        std,
        out,
        options,
        "examples.safetensors",
    )
    words = [
        "attack",
        *request.arguments,
        "--attack",
        attack,
        "--out",
        str(request.out),
    ]
    words += [
        "--epsilon",
        *several(epsilons, "budgets"),
        *_optional(target=target, mask=mask),
    ]
    words += ["--replace"] if replace else []
    try:
        return Examples(run(words, options.get("progress", True)), request.out)
    finally:
        request.close()


def evaluate(
    models: Mapping[str, Source | Model],
    images: Images,
    labels: Labels | None = None,
    *,
    mean: Normalisation = None,
    std: Normalisation = None,
    noise: float | Sequence[float] | None = None,
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
    words += _optional(top=top, trust=trust, pictures=pictures, **{"class": explained_class})
    words += ["--replace"] if replace else []
    try:
        return Explanations(run(words, options.get("progress", True)), request.out)
    finally:
        request.close()


def _optional(**values: Any) -> list[str]:
    """The options that have a value."""
    return [
        word
        for name, value in values.items()
        if value is not None
        for word in ("--" + name, str(value))
    ]
