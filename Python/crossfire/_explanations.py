"""The result of `explain`."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._tables import frame

if TYPE_CHECKING:
    import numpy
    import pandas


class Explanations:
    """What each pixel contributes to a model's answers. In a notebook it shows the sheet.

    Attributes:
        folder: the folder with the pictures and tables, which docs/explanations.md describes.
        document: what the command found.
    """

    def __init__(self, document: dict[str, Any], folder: Path) -> None:
        self.document = document
        self.folder = folder

    @property
    def sheet(self) -> Path:
        """The picture of all explanations; it exists for pictures only."""
        return self.folder / "sheet.png"

    @property
    def trust(self) -> pandas.DataFrame:
        """The measures of trust: measure, method, with, mean, deviation, examples."""
        return frame(self.document["measures"])

    @cached_property
    def arrays(self) -> dict[str, numpy.ndarray[Any, Any]]:
        """The arrays of explanations.npz: the contributions of every method, and more."""
        import numpy

        with numpy.load(self.folder / "explanations.npz") as archive:
            return dict(archive)

    def __repr__(self) -> str:
        return f"<Explanations of {self.document['examples']} examples>"

    def _repr_png_(self) -> bytes | None:
        return self.sheet.read_bytes() if self.sheet.is_file() else None
