"""The cells of a grid, and comparisons of budgets."""

from __future__ import annotations

from typing import Any

from ._tables import Share

COLUMNS = (
    "attack",
    "epsilon",
    "source",
    "victim",
    "setting",
    "examples",
    "correct",
    "accuracy",
    "ci_low",
    "ci_high",
    "targeted_success",
    "images",
    "both_right",
    "success",
    "excluded",
)
"""The columns of grid.csv, which docs/file-formats.md describes."""


def rows(document: dict[str, Any]) -> list[dict[str, Any]]:
    """The cells of a document, each with the columns of grid.csv in their order."""
    return [{name: cell.get(name) for name in COLUMNS} for cell in document["cells"]]


def share(row: dict[str, Any]) -> Share:
    return Share(row["correct"], row["examples"], row["ci_low"], row["ci_high"])


def number(budget: float | str) -> float:
    if isinstance(budget, str):
        above, _, below = budget.partition("/")
        return float(above) / float(below or 1)
    return float(budget)


def same(a: float, b: float) -> bool:
    """Whether two budgets are the same but for rounding, as 8/255 and 0.03137254901960784."""
    return abs(a - b) <= 1e-9 * max(abs(a), abs(b), 1e-300)
