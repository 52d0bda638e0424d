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

JUDGED = (
    "judgements",
    "mean_accuracy",
    "sd_accuracy",
    "min_accuracy",
    "max_accuracy",
    "worst_accuracy",
)
"""The columns of grid.csv that several judgements add."""


def rows(document: dict[str, Any]) -> list[dict[str, Any]]:
    """The cells of a document, each with the columns of grid.csv in their order."""
    cells = document["cells"]
    judged = JUDGED if any("judgements" in cell for cell in cells) else ()
    return [{name: cell.get(name) for name in COLUMNS + judged} for cell in cells]


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
