"""To and from RobustBench: its checkpoints, its records of results, and examples for submissions.

RobustBench (Croce et al., "RobustBench: a standardized adversarial robustness benchmark", NeurIPS
Datasets and Benchmarks 2021; github.com/RobustBench/robustbench) keeps a JSON record for each model
and takes adversarial images of other evaluations as a tensor. The formats are those of its commit
78fcc9e: the records as in `robustbench/leaderboard/template.py` and `ModelInfo` of
`robustbench/utils.py`, the tensor as in its issue template "New external evaluation(s)", and
checkpoints as `load_model` of `robustbench/utils.py` reads them.

A model that `robustbench.load_model` returned is a module, and needs nothing from here.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

from ._errors import CrossfireError
from ._examples import Examples
from ._grid import Grid
from ._models import Model, Setting

FIELDS = (
    "link",
    "name",
    "authors",
    "additional_data",
    "number_forward_passes",
    "dataset",
    "venue",
    "architecture",
    "eps",
    "clean_acc",
    "reported",
    "external",
    "autoattack_acc",
    "footnote",
    "unreliable",
)
"""The fields of a record, in their order."""

NORMS = {"Linf": "linf", "L2": "l2"}
"""The threat models with a norm, and the names of the norms in Crossfire."""


def model(
    checkpoint: str | os.PathLike[str],
    architecture: str,
    *,
    entry: str | None = None,
    **settings: Setting,
) -> Model:
    """A model of the zoo, from its checkpoint.

    Like RobustBench, this takes the entry `state_dict` if there is one, and removes the prefixes
    `module.` and `model.`. It also removes the second copy of the first block (`sub_block1.`),
    which some models store and never use. The command normalises images by the mean and the
    deviation that the checkpoint stores, if it does.

    Args:
        checkpoint: the file, such as `models/cifar10/Linf/Carmon2019Unlabeled.pt`. No code in it is
            run.
        architecture: the network by Crossfire's name, such as `wideresnet28-10`.
        entry: another entry of the checkpoint, such as `last` for Andriushchenko2020Understanding.
        settings: further settings, such as `mean` and `std` if the network's code has them and not
            the checkpoint.

    Raises:
        CrossfireError: if the file is missing or holds no state dictionary.

    Example:
        >>> theirs = robustbench.model("Carmon2019Unlabeled.pt", "wideresnet28-10")
        >>> crossfire.transfer({"theirs": theirs, "mine": mine}, images, labels, ...)
    """
    import torch

    if not os.path.isfile(checkpoint):
        raise CrossfireError(f"{os.fspath(checkpoint)} does not exist")
    try:
        content: Any = torch.load(checkpoint, map_location="cpu", weights_only=True)
    except Exception as error:
        raise CrossfireError(
            f"{os.fspath(checkpoint)} cannot be read as data: {str(error).splitlines()[0]}"
        ) from error
    if entry is not None:
        if not isinstance(content, Mapping) or entry not in content:
            raise CrossfireError(f"{os.fspath(checkpoint)} has no entry {entry}")
        content = content[entry]
    elif isinstance(content, Mapping) and isinstance(content.get("state_dict"), Mapping):
        content = content["state_dict"]
    if not isinstance(content, Mapping) or not all(
        isinstance(value, torch.Tensor) for value in content.values()
    ):
        raise CrossfireError(
            f"{os.fspath(checkpoint)} holds no dictionary of tensors",
            "state which of its entries does: entry='last'",
        )
    weights = {
        name.removeprefix("module.").removeprefix("model."): tensor
        for name, tensor in content.items()
    }
    weights = {n: t for n, t in weights.items() if not n.startswith("sub_block1.")}
    # The command reads a mean and a deviation among the weights, and knows which architectures have a
    # layer for them.
    return Model(weights, architecture=architecture, **settings)


def record(
    grid: Grid,
    victim: str,
    *,
    dataset: str,
    threat_model: str = "Linf",
    epsilon: float | str,
    **fields: Any,
) -> dict[str, Any]:
    """The results of a model, as a record of RobustBench's `model_info` folder.

    `clean_acc` is the accuracy without an attack. `autoattack_acc` is that under the attack
    `autoattack` on the model itself. `external` is the worst case over all attacks on it, if that
    is lower or if AutoAttack was not run. All are percentages with two decimals, as texts.

    Args:
        grid: the grid, with the budget 0 for the accuracy without an attack.
        victim: the model.
        dataset: `cifar10`, `cifar100` or `imagenet`.
        threat_model: `Linf` or `L2`.
        epsilon: the budget, written as a fraction of 255 if it is one.
        fields: what the grid does not know: `link`, `name`, `authors`, `venue`, `architecture`,
            `additional_data`, `number_forward_passes`, `reported`, `footnote`, `unreliable`. Those
            that are left out are None, as in the records that RobustBench itself begins.

    Raises:
        CrossfireError: if a field is unknown, or the grid lacks the accuracies.

    Example:
        >>> entry = robustbench.record(grid, "mine", dataset="cifar10", epsilon="8/255")
        >>> robustbench.write(entry, "model_info/cifar10/Linf/Mine2026Title.json")
    """
    computed = {"dataset", "eps", "clean_acc", "external", "autoattack_acc"}
    unknown = set(fields) - set(FIELDS) | set(fields) & computed
    if unknown:
        raise CrossfireError(
            f"{sorted(unknown)[0]!r} is no field to be given",
            "these can be: " + ", ".join(name for name in FIELDS if name not in computed),
        )
    if threat_model not in NORMS:
        raise CrossfireError(f"the threat model is Linf or L2, found {threat_model!r}")
    clean = [row for row in grid.rows if row["victim"] == victim and row["epsilon"] == 0]
    if not clean:
        raise CrossfireError(
            f"the grid has no accuracy of {victim} without an attack",
            "add 0 to the budgets: epsilons=[0, …]",
        )
    worst = grid.worst_case(victim, epsilon, norm=NORMS[threat_model], own=True)
    values: dict[str, Any] = dict.fromkeys(FIELDS) | fields
    values |= {
        "dataset": dataset,
        "eps": _fraction(epsilon),
        "clean_acc": _percent(clean[0]["accuracy"]),
    }
    if "autoattack" in grid.attacks:
        under = grid.accuracy(victim, "autoattack", epsilon)
        values["autoattack_acc"] = _percent(under)
        if worst < under:
            values["external"] = _percent(worst)
    else:
        values["external"] = _percent(worst)
    # RobustBench leaves these out where they do not apply.
    optional = ("external", "autoattack_acc", "footnote", "unreliable")
    return {n: v for n, v in values.items() if v is not None or n not in optional}


def write(entry: Mapping[str, Any], path: str | os.PathLike[str]) -> Path:
    """Writes a record as RobustBench does: JSON, indented by two spaces."""
    place = Path(path)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(json.dumps(entry, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return place


def read(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Reads a record, for example to compare one's own results with the published ones.

    Raises:
        CrossfireError: if the file is no record.
    """
    entry = json.loads(Path(path).read_text(encoding="utf-8"))
    if not isinstance(entry, dict) or "clean_acc" not in entry:
        raise CrossfireError(f"{os.fspath(path)} is no record: it has no clean_acc")
    return entry


def write_examples(
    examples: Examples,
    path: str | os.PathLike[str],
    epsilon: float | str | None = None,
    *,
    test_images: int,
) -> Path:
    """Writes adversarial images as RobustBench takes them: a float32 tensor [N, C, H, W] in a `.pt`
    file, with an image for each of the test set in its order, and pixels in [0, 1].

    Args:
        examples: the examples of an attack on the whole test set.
        path: the file to write.
        epsilon: their budget; None for the largest one.
        test_images: the number of images of the test set, 10,000 for CIFAR.

    Raises:
        CrossfireError: if the examples are not one for each image of the test set, in its order.
    """
    import torch

    images = examples.adversarial(epsilon)
    if len(images) != test_images or examples.indices.tolist() != list(range(test_images)):
        raise CrossfireError(
            f"a submission has the {test_images} images of the test set in their order, found "
            f"{len(images)} examples",
            "attack the whole test set, without count, sample or target='all'",
        )
    torch.save(torch.from_numpy(images.copy()), path)
    return Path(path)


def _percent(share: float) -> str:
    return str(round(100 * float(share), 2))


def _fraction(epsilon: float | str) -> str:
    """A budget as RobustBench writes it: "8/255" or "0.5"."""
    if isinstance(epsilon, str):
        return epsilon
    of255 = epsilon * 255
    if epsilon and abs(of255 - round(of255)) < 1e-6 and Fraction(str(epsilon)).denominator > 1000:
        return f"{round(of255)}/255"
    return repr(float(epsilon))
