"""The result of `transfer`."""

from __future__ import annotations

import html
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._cells import number, rows, same, share
from ._errors import CrossfireError
from ._tables import Flag, Share, flags, frame, html_flags, html_table, percent

if TYPE_CHECKING:
    import pandas


class Grid:
    """The accuracy of every model on the adversarial examples of every model.

    In a notebook it shows the matrices of the largest budgets and the flags.

    Attributes:
        folder: the run folder, which docs/file-formats.md describes.
        document: everything that the run found: the content of grid.json.
    """

    def __init__(self, document: dict[str, Any], folder: Path) -> None:
        self.document = document
        self.folder = folder

    @classmethod
    def open(cls, folder: str | Path) -> Grid:
        """The grid of a run folder that `crossfire run` or `crossfire transfer` wrote.

        Raises:
            CrossfireError: if the folder has no grid.
        """
        import json

        path = Path(folder) / "grid.json"
        if not path.is_file():
            raise CrossfireError(f"{folder} has no grid.json, so it is no finished run folder")
        return cls(json.loads(path.read_text(encoding="utf-8")), Path(folder).absolute())

    @property
    def rows(self) -> list[dict[str, Any]]:
        """A dictionary for every attack, budget, source and victim: the rows of grid.csv."""
        return rows(self.document)

    @property
    def frame(self) -> pandas.DataFrame:
        """The rows as a table of pandas.

        Raises:
            CrossfireError: if pandas is not installed.
        """
        return frame(self.rows)

    @property
    def models(self) -> list[str]:
        """The names of the models that examples were shown to."""
        return list(dict.fromkeys(row["victim"] for row in self.rows))

    @property
    def attacks(self) -> list[str]:
        """The names of the attacks."""
        return list(dict.fromkeys(row["attack"] for row in self.rows))

    @property
    def flags(self) -> list[Flag]:
        """The failed trust checks."""
        return flags(self.document["flags"])

    @property
    def report(self) -> Path:
        """The report, one self-contained HTML file."""
        return self.folder / "report" / "index.html"

    def accuracy(
        self, victim: str, attack: str, epsilon: float | str, source: str | None = None
    ) -> Share:
        """The accuracy of a model on the examples of one attack.

        Args:
            victim: the model that the examples are shown to.
            attack: the attack.
            epsilon: the budget, as a number or a fraction such as "8/255".
            source: the model on which they were made; None for the victim itself (white-box).

        Raises:
            CrossfireError: if the grid has no such cell.
        """
        budget = number(epsilon)
        for row in self.rows:
            if (row["victim"], row["attack"], row["source"]) == (victim, attack, source or victim):
                if same(row["epsilon"], budget):
                    return share(row)
        raise CrossfireError(
            f"the grid has no {attack} with ε = {epsilon} from {source or victim} to {victim}",
            f"it has the models {', '.join(self.models)}, the attacks {', '.join(self.attacks)} "
            f"and the budgets {', '.join(f'{e:g}' for e in self._budgets())}",
        )

    def worst_case(
        self,
        victim: str,
        epsilon: float | str | None = None,
        norm: str | None = None,
        own: bool = False,
    ) -> Share:
        """The share of images that a model classifies correctly under every attack of the run.

        Args:
            victim: the model.
            epsilon: the budget; None for the largest one.
            norm: the norm of the attacks, "linf", "l2", "l1" or "l0"; None if there is only one.
            own: whether only the attacks on the model itself count, and not those on other models.

        Raises:
            CrossfireError: if the run has no such worst case, or several norms and none is given.
        """
        cases = [case for case in self.document["worstCases"] if case["victim"] == victim]
        norms = list(dict.fromkeys(case["norm"] for case in cases))
        if norm is None and len(norms) > 1:
            raise CrossfireError(
                f"the attacks on {victim} have the norms {', '.join(norms)}",
                f"state one of them: worst_case({victim!r}, norm={norms[0]!r})",
            )
        cases = [case for case in cases if norm in (None, case["norm"])]
        if epsilon is None:
            cases = sorted(cases, key=lambda case: float(case["epsilon"]))[-1:]
        else:
            budget = number(epsilon)
            cases = [case for case in cases if same(case["epsilon"], budget)]
        if not cases:
            raise CrossfireError(
                f"the run has no worst case of {victim}"
                + (f" in {norm}" if norm else "")
                + (f" with ε = {epsilon}" if epsilon is not None else ""),
                f"it has the models {', '.join(self.models)} and the budgets "
                f"{', '.join(f'{e:g}' for e in self._budgets())}; controls, and ε = 0, have no "
                "worst case",
            )
        (case,) = cases[:1]
        right = case["rightUnderOwn" if own else "rightUnderAll"]
        # worst.csv has the interval of the share under all attacks.
        low, high = (None, None) if own else self._interval(case)
        return Share(right, case["images"], low, high)

    def matrix(self, attack: str, epsilon: float | str | None = None) -> pandas.DataFrame:
        """The accuracies of an attack: a row for each source, a column for each victim.

        Args:
            attack: the attack.
            epsilon: the budget; None for the largest one.
        """
        budget = self._budgets(attack)[-1] if epsilon is None else number(epsilon)
        chosen = [
            row for row in self.rows if row["attack"] == attack and same(row["epsilon"], budget)
        ]
        if not chosen:
            raise CrossfireError(f"the grid has no {attack} with ε = {epsilon}")
        return frame(chosen).pivot(index="source", columns="victim", values="accuracy")

    def predictions(self, attack: str, source: str) -> pandas.DataFrame:
        """What every victim predicts for every example, with the columns of `export --csv`."""
        import pandas

        from ._command import run_plain

        path = self.folder / "predictions" / f"{attack}.{source}.safetensors"
        table = self.folder / "predictions" / f"{attack}.{source}.csv"
        run_plain(["export", str(path), "--csv", str(table), "--replace"])
        return pandas.read_csv(table)

    def __repr__(self) -> str:
        names = ", ".join(self.models)
        return f"<Grid of {names} under {', '.join(self.attacks)}; report in {self.report}>"

    def _repr_html_(self) -> str:
        tables = []
        for attack in self.attacks:
            rows = [row for row in self.rows if row["attack"] == attack]
            budget = max(row["epsilon"] for row in rows)
            cells = {(r["source"], r["victim"]): r for r in rows if r["epsilon"] == budget}
            sources = list(dict.fromkeys(source for source, _ in cells))
            body = [
                [html.escape(source), *(_cell(cells.get((source, v))) for v in self.models)]
                for source in sources
            ]
            caption = f"{attack}, ε = {budget:.4g}: accuracy, sources in rows, white-box in bold"
            tables.append(html_table(["", *self.models], body, caption))
        place = html.escape(str(self.report))
        return "".join(tables) + html_flags(self.flags) + f"<p>Report: <code>{place}</code></p>"

    def _budgets(self, attack: str | None = None) -> list[float]:
        return sorted({row["epsilon"] for row in self.rows if attack in (None, row["attack"])})

    def _interval(self, case: dict[str, Any]) -> tuple[float | None, float | None]:
        import csv

        path = self.folder / "worst.csv"
        if not path.is_file():
            return None, None
        with path.open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                if (row["victim"], row["norm"]) == (case["victim"], case["norm"]) and same(
                    float(row["epsilon"]), case["epsilon"]
                ):
                    return float(row["ci_low"]), float(row["ci_high"])
        return None, None


def _cell(row: dict[str, Any] | None) -> str:
    """An accuracy, the darker the lower."""
    if row is None:
        return ""
    accuracy = row["accuracy"]
    shade = f"background: rgba(213, 94, 0, {0.6 * (1 - accuracy):.2f})"
    weight = "; font-weight: bold" if row["setting"] == "white-box" else ""
    interval = f"{percent(row['ci_low'])} to {percent(row['ci_high'])}"
    title = f"{row['correct']} of {row['examples']}, {interval}"
    return f'<span style="{shade}{weight}" title="{title}">{percent(accuracy)}</span>'
