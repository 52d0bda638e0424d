"""The results of `evaluate` and `inspect`."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ._errors import CrossfireError
from ._tables import Flag, Share, flags, frame, html_flags, html_table, percent

if TYPE_CHECKING:
    import pandas


class Evaluation:
    """The accuracy of models on unchanged images.

    Attributes:
        document: what the command found, a dictionary for each model.
    """

    def __init__(self, document: list[dict[str, Any]]) -> None:
        self.document = document

    @property
    def frame(self) -> pandas.DataFrame:
        """A row for each model: model, correct, images, accuracy, ci_low, ci_high."""
        return frame(self._rows())

    @property
    def flags(self) -> list[Flag]:
        """The failed trust checks of all models."""
        return [flag for model in self.document for flag in flags(model["flags"])]

    @property
    def groups(self) -> pandas.DataFrame:
        """The accuracy in each group: model, group, name, images, correct, accuracy and interval.

        It has no rows if the data have no groups.
        """
        return frame(
            [
                {"model": model["model"]} | group
                for model in self.document
                for group in model.get("byGroup", {}).get("groups", [])
            ]
        )

    @property
    def reliance(self) -> pandas.DataFrame:
        """How much each model relies on what the masks mark, a row for each model and noise.

        `inside` and `outside` are the accuracies with noise of the standard deviation `sigma` on
        the marked pixels and on all others. docs/file-formats.md explains the other columns under
        the similar names of reliance.csv. It has no rows if the data have no masks.
        """
        found = [model["reliance"] for model in self.document if "reliance" in model]
        return frame(
            [
                {"model": item["model"], **noise}
                | {name: item.get(name) for name in ("maskedShare", "largeShare", "topMarked")}
                for item in found
                for noise in item["noises"]
            ]
        )

    def accuracy(self, model: str) -> Share:
        """The accuracy of a model.

        Raises:
            CrossfireError: if the model was not evaluated.
        """
        for row in self._rows():
            if row["model"] == model:
                return Share(row["correct"], row["images"], row["ci_low"], row["ci_high"])
        raise CrossfireError(
            f"{model} was not evaluated",
            f"these were: {', '.join(row['model'] for row in self._rows())}",
        )

    def _rows(self) -> list[dict[str, Any]]:
        return [
            {
                "model": model["model"],
                "correct": model["correct"],
                "images": model["images"],
                "accuracy": model["accuracy"],
                "ci_low": model["ciLow"],
                "ci_high": model["ciHigh"],
            }
            for model in self.document
        ]

    def __repr__(self) -> str:
        shares = (f"{row['model']} {percent(row['accuracy'])}" for row in self._rows())
        return f"<Evaluation: {', '.join(shares)}>"

    def _repr_html_(self) -> str:
        body = [
            [
                html.escape(row["model"]),
                percent(row["accuracy"]),
                f"{percent(row['ci_low'])} to {percent(row['ci_high'])}",
                str(row["images"]),
            ]
            for row in self._rows()
        ]
        header = ["model", "accuracy", "95 % interval", "images"]
        return html_table(header, body, "unchanged images") + html_flags(self.flags)


@dataclass(frozen=True)
class Check:
    """One test of a model.

    Attributes:
        name: what it looks for.
        passed: whether the model is free of it.
        found: what was found; empty if it passed.
        advice: what to do about it; empty if it passed.
    """

    name: str
    passed: bool
    found: str = ""
    advice: str = ""


class Inspection:
    """The description of a model, and the tests of what would invalidate an evaluation.

    Attributes:
        document: what the command found.
    """

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document

    @property
    def checks(self) -> list[Check]:
        """The tests; none if no images were given."""
        return [
            Check(item["name"], item["passed"], item.get("found", ""), item.get("advice", ""))
            for item in self.document.get("checks", [])
        ]

    @property
    def failed(self) -> list[Check]:
        """The tests that the model did not pass."""
        return [check for check in self.checks if not check.passed]

    def __repr__(self) -> str:
        count = len(self.checks)
        return f"<Inspection: {count - len(self.failed)} of {count} checks passed>"

    def _repr_html_(self) -> str:
        known = ("format", "input", "classes", "parameters")
        facts = ", ".join(
            f"{name} {html.escape(str(self.document[name]))}"
            for name in known
            if name in self.document
        )
        body = [
            ["✓" if check.passed else "✗", html.escape(check.name)]
            + [html.escape(f"{check.found} {check.advice}")]
            for check in self.checks
        ]
        return f"<p>{facts}</p>" + html_table(["", "check", "found"], body, "checks")
