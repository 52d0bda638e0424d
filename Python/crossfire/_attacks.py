"""The functions that attack. Each calls one command and gives back what it found."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ._command import run
from ._data import Images, Labels
from ._examples import Examples
from ._grid import Grid
from ._models import Model, Source
from ._request import Budget, Normalisation, Options, optional, prepare, several

if TYPE_CHECKING:
    from typing_extensions import Unpack


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
    judgements: int | None = None,
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
        judgements: how many times each model is shown each example; more than once for models that
            compute with random numbers.
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
    words += optional(target=target, mask=mask, images=pictures, judgements=judgements)
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
    judgements: int | None = None,
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
        {"model": model}, images, labels, mean, std, out, options, "examples.safetensors"
    )
    words = ["attack", *request.arguments, "--attack", attack, "--out", str(request.out)]
    words += ["--epsilon", *several(epsilons, "budgets")]
    words += optional(target=target, mask=mask, judgements=judgements)
    words += ["--replace"] if replace else []
    try:
        return Examples(run(words, options.get("progress", True)), request.out)
    finally:
        request.close()
