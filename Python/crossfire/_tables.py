"""Shares with their intervals, flags, and tables in pandas and HTML."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ._errors import CrossfireError

if TYPE_CHECKING:
    import pandas


class Share(float):
    """A fraction of images, which also knows what it rests on.

    Attributes:
        correct, images: the fraction is correct / images.
        low, high: its Wilson 95 % interval; None if the command did not give it.
    """

    correct: int
    images: int
    low: float | None
    high: float | None

    def __new__(
        cls, correct: int, images: int, low: float | None = None, high: float | None = None
    ) -> Share:
        share = super().__new__(cls, correct / images if images else float("nan"))
        share.correct, share.images, share.low, share.high = correct, images, low, high
        return share

    def __repr__(self) -> str:
        # A failed assertion shows this text.
        interval = "" if self.low is None else f"; 95 % interval {self.low:.3f} to {self.high:.3f}"
        return f"{float(self):.4f} ({self.correct} of {self.images} images{interval})"

    def __reduce__(self) -> tuple[type[Share], tuple[int, int, float | None, float | None]]:
        return type(self), (self.correct, self.images, self.low, self.high)


@dataclass(frozen=True)
class Flag:
    """A failed trust check, which can cast doubt on a number.

    Attributes:
        name: the name of the check.
        raised_because: what was measured.
        meaning: what it means.
        advice: what to do about it.
        model: the model in question; None for several.
    """

    name: str
    raised_because: str
    meaning: str
    advice: str
    model: str | None = None


def flags(document: Iterable[Mapping[str, Any]]) -> list[Flag]:
    return [
        Flag(
            item["name"],
            item["raisedBecause"],
            item.get("meaning", ""),
            item.get("advice", ""),
            item.get("victim") or item.get("model"),
        )
        for item in document
    ]


def frame(rows: Sequence[Mapping[str, Any]]) -> pandas.DataFrame:
    """A table of pandas.

    Raises:
        CrossfireError: if pandas is not installed.
    """
    try:
        import pandas
    except ImportError as error:
        raise CrossfireError(
            "tables need pandas, which is not installed", "install it: pip install pandas"
        ) from error
    return pandas.DataFrame(list(rows))


def percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def html_table(header: Sequence[str], rows: Iterable[Sequence[str]], caption: str) -> str:
    """A table whose cells are HTML already; the header and the caption are text."""
    head = "".join(f"<th>{html.escape(cell)}</th>" for cell in header)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return (
        f"<table><caption>{html.escape(caption)}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table>"
    )


def html_flags(raised: Sequence[Flag]) -> str:
    """The flags as a list; nothing if there is none."""
    items = "".join(
        f"<li><b>{html.escape(flag.name)}</b>: {html.escape(flag.raised_because)} "
        f"{html.escape(flag.advice)}</li>"
        for flag in raised
    )
    return f"<p>Before trusting these numbers:</p><ul>{items}</ul>" if items else ""
