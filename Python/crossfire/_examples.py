"""The result of `attack`."""

from __future__ import annotations

import tempfile
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._cells import number, rows, same, share
from ._command import run_plain
from ._errors import CrossfireError
from ._tables import Flag, Share, flags, frame, html_flags, html_table, percent

if TYPE_CHECKING:
    import numpy
    import pandas


class Examples:
    """The adversarial examples of one attack on one model.

    Attributes:
        path: the file of examples, in safetensors.
        document: what the command found.
    """

    def __init__(self, document: dict[str, Any], path: Path) -> None:
        self.document = document
        self.path = path

    @property
    def rows(self) -> list[dict[str, Any]]:
        """A dictionary for every budget, with the columns of grid.csv."""
        return rows(self.document)

    @property
    def frame(self) -> pandas.DataFrame:
        """The rows as a table of pandas."""
        return frame(self.rows)

    @property
    def epsilons(self) -> list[float]:
        """The budgets."""
        return [row["epsilon"] for row in self.rows]

    @property
    def flags(self) -> list[Flag]:
        """The failed trust checks."""
        return flags(self.document["flags"])

    def accuracy(self, epsilon: float | str | None = None) -> Share:
        """The model's accuracy on the examples of a budget; None for the largest one.

        Raises:
            CrossfireError: if the examples were not made with this budget.
        """
        return share(self.rows[self._place(epsilon)])

    def adversarial(self, epsilon: float | str | None = None) -> numpy.ndarray[Any, Any]:
        """The adversarial examples of a budget, float32 [N, C, H, W]; None for the largest one.

        Raises:
            CrossfireError: if the examples were not made with this budget.
        """
        place = self._place(epsilon)
        names = [name for name in self._arrays if name.partition(".")[0] == "adversarial"]
        if len(names) == 1:
            return self._arrays[names[0]]
        budget = self.epsilons[place]
        (name,) = (n for n in names if same(float(n.partition(".")[2]), budget))
        return self._arrays[name]

    @property
    def original(self) -> numpy.ndarray[Any, Any]:
        """The unchanged images, float32 [N, C, H, W]."""
        return self._arrays["original"]

    @property
    def labels(self) -> numpy.ndarray[Any, Any]:
        """The true labels, int64 [N]."""
        return self._arrays["label"]

    @property
    def indices(self) -> numpy.ndarray[Any, Any]:
        """The place of each image among the given ones, int64 [N]."""
        return self._arrays["index"]

    @property
    def predicted(self) -> numpy.ndarray[Any, Any]:
        """The class that the model predicts for each example, int64 [budgets, N]."""
        return self._arrays["predicted"]

    @cached_property
    def _arrays(self) -> dict[str, numpy.ndarray[Any, Any]]:
        import numpy

        with tempfile.TemporaryDirectory(prefix="crossfire-") as folder:
            path = Path(folder) / "examples.npz"
            run_plain(["export", str(self.path), "--npz", str(path)])
            with numpy.load(path) as archive:
                return dict(archive)

    def _place(self, epsilon: float | str | None) -> int:
        if epsilon is None:
            return self.epsilons.index(max(self.epsilons))
        for place, found in enumerate(self.epsilons):
            if same(found, number(epsilon)):
                return place
        raise CrossfireError(
            f"there are no examples with ε = {epsilon}",
            f"there are some with ε = {', '.join(f'{e:g}' for e in self.epsilons)}",
        )

    def __repr__(self) -> str:
        return f"<Examples of {self.rows[0]['attack']} in {self.path}>"

    def _repr_html_(self) -> str:
        body = [[f"{r['epsilon']:.4g}", percent(r["accuracy"])] for r in self.rows]
        caption = f"{self.rows[0]['attack']}: accuracy for each budget"
        return html_table(["ε", "accuracy"], body, caption) + html_flags(self.flags)
