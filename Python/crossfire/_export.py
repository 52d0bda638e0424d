"""Writes a model that is in memory into a file that the command reads.

A module is exported with torch.export, whose archive holds a graph and no code. A module that
torch.export cannot trace, or whose graph the command does not open, is traced to TorchScript.
"""

from __future__ import annotations

import contextlib
import copy
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable

from ._command import run
from ._errors import CrossfireError

if TYPE_CHECKING:
    import torch

    from ._models import Model


@dataclass(frozen=True)
class Exported:
    """A model in a file.

    Attributes:
        path: the file.
        classes: the number of its logits; None if the model was not run.
    """

    path: Path
    classes: int | None = None


def write(model: Model, name: str, shape: tuple[int, ...] | None, folder: Path) -> Exported:
    """Writes a model.

    Args:
        model: the model, whose source is in memory.
        name: its name, which becomes that of the file.
        shape: the shape of an example, [C, H, W] or [D].
        folder: the folder of the file.

    Raises:
        CrossfireError: if the source is nothing that can be a model, or cannot be exported.
    """
    import torch

    source: Any = model.source
    if isinstance(source, torch.jit.ScriptModule):
        path = folder / f"{name}.pt"
        source.save(str(path))
        return Exported(path)
    if isinstance(source, torch.export.ExportedProgram):
        path = folder / f"{name}.pt2"
        torch.export.save(source, path)
        return Exported(path)
    if isinstance(source, torch.nn.Module):
        if shape is None:
            raise CrossfireError(
                f"{name}: a module is exported for the shape of the images, which are in a file",
                "give the images as an array, or the model as a file",
            )
        return _module(source, model.words(), name, shape, folder)
    if isinstance(source, Mapping):
        if "architecture" not in model.settings and "layers" not in model.settings:
            raise CrossfireError(
                f"{name}: a state dictionary does not say which network it belongs to",
                f"use crossfire.Model(state_dict, architecture='resnet18'); "
                f"`crossfire list architectures` shows the names",
            )
        path = folder / f"{name}.pth"
        torch.save({key: value.detach().cpu() for key, value in source.items()}, path)
        return Exported(path)
    raise CrossfireError(
        f"{name}: expected a module, an exported program, a state dictionary or a path, found "
        f"{type(source).__name__}"
    )


def _module(
    module: torch.nn.Module, words: str, name: str, shape: tuple[int, ...], folder: Path
) -> Exported:
    """Exports a copy of the module in evaluation mode, in float32, on the CPU."""
    import torch

    try:
        frozen = copy.deepcopy(module).to("cpu", torch.float32).eval()
    except Exception as error:  # A module may hold what cannot be copied.
        raise CrossfireError(
            f"{name} cannot be copied: {_first_line(error)}",
            "export it yourself, and give the path of the file (docs/models.md)",
        ) from error
    example = torch.rand(2, *shape, generator=torch.Generator().manual_seed(1))
    try:
        with torch.no_grad():
            outputs = frozen(example)
    except Exception as error:  # A module raises whatever its code raises.
        raise CrossfireError(
            f"{name} does not take images of the shape {_times(shape)}: {_first_line(error)}",
            "state the layout of the images, such as layout='nhwc', if it was found wrongly",
        ) from error
    is_row = isinstance(outputs, torch.Tensor) and outputs.ndim == 2
    classes = outputs.shape[1] if is_row else None
    ways: list[tuple[str, Callable[[Path], None]]] = [
        ("torch.export", lambda path: _archive(frozen, example, path, words)),
        ("TorchScript", lambda path: _script(frozen, example, path)),
    ]
    reasons: list[str] = []
    for (title, export), ending in zip(ways, ("pt2", "pt")):
        path = folder / f"{name}.{ending}"
        try:
            with warnings.catch_warnings(), _with_derivatives():
                warnings.simplefilter("ignore")
                export(path)
            return Exported(path, classes)
        except Exception as error:  # Both exporters raise whatever the module's code raises.
            path.unlink(missing_ok=True)
            reasons.append(f"{title}: {_first_line(error)}")
    raise CrossfireError(
        f"{name} cannot be exported for images of the shape {_times(shape)}\n  "
        + "\n  ".join(reasons),
        "export it yourself, and give the path of the file (docs/models.md)",
    )


@contextlib.contextmanager
def _with_derivatives() -> Iterator[None]:
    """Keeps PyTorch from its fast path for attention, whose operators have no derivative."""
    import torch

    fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with torch.enable_grad():
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)


def _archive(module: torch.nn.Module, example: torch.Tensor, path: Path, words: str) -> None:
    """Writes an archive of torch.export with a free batch dimension; the command has to open it."""
    import torch

    batch = {0: torch.export.Dim("batch")}
    program = torch.export.export(module, (example,), dynamic_shapes=(batch,))
    torch.export.save(program, path)
    run(["inspect", f"{path}:{words}" if words else str(path)], progress=False)


def _script(module: torch.nn.Module, example: torch.Tensor, path: Path) -> None:
    """Writes TorchScript, which is traced: it has the branches that the example takes."""
    import torch

    traced: Any = torch.jit.trace(module, example)  # type: ignore[no-untyped-call]
    traced.save(str(path))


def _times(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
