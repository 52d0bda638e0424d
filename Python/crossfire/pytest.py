"""A plugin of pytest, so that a project can test the robustness of its models.

It is found by itself once the wheel is installed:

    def test_robustness(crossfire_run):
        grid = crossfire_run.transfer({"mine": model}, images, labels,
                                      attacks="pgd", epsilons=["8/255"])
        assert grid.worst_case("mine") > 0.4
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest

from . import _attacks, _judgements
from ._examples import Examples
from ._explanations import Explanations
from ._grid import Grid
from ._verdicts import Evaluation, Inspection

Result = TypeVar("Result")


class CrossfireRun:
    """The functions of the package, quiet, and with their results below the test's folder.

    The folder of a result is that of pytest's `tmp_path`, which pytest keeps for the last three
    sessions, so that the report of a failed test can be read. Every argument of the functions can
    be given.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0

    def transfer(self, *arguments: Any, **options: Any) -> Grid:
        """As `crossfire.transfer`."""
        return self._call(_attacks.transfer, "results", arguments, options)

    def attack(self, *arguments: Any, **options: Any) -> Examples:
        """As `crossfire.attack`."""
        return self._call(_attacks.attack, "examples.safetensors", arguments, options)

    def explain(self, *arguments: Any, **options: Any) -> Explanations:
        """As `crossfire.explain`."""
        return self._call(_judgements.explain, "explanations", arguments, options)

    def evaluate(self, *arguments: Any, **options: Any) -> Evaluation:
        """As `crossfire.evaluate`."""
        return self._call(_judgements.evaluate, None, arguments, options)

    def inspect(self, *arguments: Any, **options: Any) -> Inspection:
        """As `crossfire.inspect`."""
        return self._call(_judgements.inspect, None, arguments, options)

    def _call(
        self,
        function: Callable[..., Result],
        result: str | None,
        arguments: tuple[Any, ...],
        options: dict[str, Any],
    ) -> Result:
        options.setdefault("progress", False)
        if result is not None and "out" not in options:
            self._count += 1
            options["out"] = self._folder / f"{self._count}-{result}"
        return function(*arguments, **options)


@pytest.fixture
def crossfire_run(tmp_path: Path) -> CrossfireRun:
    """The functions of the package for a test: `crossfire_run.transfer(…)` and the others."""
    return CrossfireRun(tmp_path)
