"""Models, from memory or from files, as the command takes them."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Union

from . import _export
from ._errors import CrossfireError

if TYPE_CHECKING:
    import torch

Source = Union[
    "torch.nn.Module", "torch.export.ExportedProgram", Mapping[str, Any], str, "os.PathLike[str]"
]
"""What a model may be: a module, an exported program, a state dictionary, or the path of a file."""

Setting = Union[bool, int, float, str, Sequence[Union[int, float, str]]]
"""The value of a setting: a number, a word, or several of them."""


@dataclass(frozen=True, init=False)
class Model:
    """A model with what its file or its class does not say.

    Args:
        source: a module, an exported program, a state dictionary, or the path of a model file. A
            state dictionary needs `architecture`. A path may have settings of its own after a
            colon, as on the command line: `"theirs.onnx:mean=0.5,std=0.2"`.
        mean, std: the normalisation (x − mean) / std of pixels x in [0, 1], one number for each
            channel or one for all. None if the model normalises its input itself.
        settings: further settings by their names in docs/models.md, such as `channels="bgr"`,
            `entry="state_dict_ema"` or `architecture="resnet18"`.

    Example:
        >>> Model("theirs.onnx", mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225])
    """

    source: Source
    settings: dict[str, Setting] = field(default_factory=dict)

    def __init__(
        self,
        source: Source,
        *,
        mean: float | Sequence[float] | None = None,
        std: float | Sequence[float] | None = None,
        **settings: Setting,
    ) -> None:
        if (mean is None) != (std is None):
            raise CrossfireError("mean and std belong together, found only one of them")
        if mean is not None and std is not None:
            settings |= {"mean": mean, "std": std}
        object.__setattr__(self, "source", source)
        object.__setattr__(self, "settings", settings)

    @property
    def is_file(self) -> bool:
        """Whether the source is the path of a file, and not a model in memory."""
        return isinstance(self.source, (str, os.PathLike))

    def words(self) -> str:
        """The settings as the command takes them: `mean=0.5/0.4/0.4,std=0.2/0.2/0.2`."""
        return ",".join(f"{name}={_word(name, value)}" for name, value in self.settings.items())


def _word(name: str, value: Setting) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        if re.search(r"[,:\n]", value):
            raise CrossfireError(f"{name}: {value!r} has a character that separates settings")
        return value
    if isinstance(value, (int, float)):
        return repr(value)
    numbers: list[Any] = getattr(value, "tolist", lambda: list(value))()
    # A normalisation often has the shape of an image, [C, 1, 1].
    while numbers and isinstance(numbers[0], list):
        numbers = [number for row in numbers for number in row]
    return "/".join(_word(name, number) for number in numbers)


def arguments(
    models: Mapping[str, Source | Model],
    mean: float | Sequence[float] | None,
    std: float | Sequence[float] | None,
    shape: tuple[int, ...] | None,
    folder: Path,
) -> tuple[list[str], int | None]:
    """Writes the models that are in memory into files.

    Args:
        models: the models by their names.
        mean, std: the normalisation of the models that are in memory and state none.
        shape: the shape of an image, [C, H, W]; None if the data are a file.
        folder: the folder for the files.

    Returns:
        The values of the option `--model`, each NAME=FILE:SETTINGS, and the number of classes, if
        it is known.

    Raises:
        CrossfireError: if a model cannot be exported or is nothing that can be a model, or if a
            normalisation is given for a file.
    """
    if not models:
        raise CrossfireError("expected at least one model, found none")
    values: list[str] = []
    classes: int | None = None
    for name, given in models.items():
        model = _resolved(_name(name), given, mean, std)
        words = model.words()
        if model.is_file:
            path = os.fspath(model.source)  # type: ignore[arg-type]
        else:
            exported = _export.write(model, name, shape, folder)
            path, classes = str(exported.path), classes or exported.classes
        # A path with settings of its own continues them.
        separator = "," if ":" in path and not os.path.exists(path) else ":"
        values.append(f"{name}={path}" + (separator + words if words else ""))
    return values, classes


def _name(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name):
        raise CrossfireError(
            f"{name!r} cannot be the name of a model",
            "use letters, digits, '.', '_' and '-', and begin with a letter or a digit",
        )
    return name


def _resolved(
    name: str,
    model: Source | Model,
    mean: float | Sequence[float] | None,
    std: float | Sequence[float] | None,
) -> Model:
    if isinstance(model, Model):
        if model.is_file or "mean" in model.settings or mean is None:
            return model
        return Model(model.source, mean=mean, std=std, **model.settings)
    if mean is not None and isinstance(model, (str, os.PathLike)):
        # The file may normalise its input already, which would then happen twice without a word.
        raise CrossfireError(
            f"mean and std are for models in memory, and {name} is a file",
            f"use crossfire.Model({os.fspath(model)!r}, mean=…, std=…), or without mean and std if "
            "the file has its own normalisation",
        )
    return Model(model, mean=mean, std=std)
