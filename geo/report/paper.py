"""What a report is about, and cells that say a number as both languages write it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from geo.measures import MEASURES, Measure
from geo.ranges import difference_range, shared_draws, span
from geo.report.markup import TAGS, Markup, join, pair, tag
from geo.words import LANGUAGES, number, say

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from geo.comparison import Place
    from geo.outcome import Outcome
    from geo.ranges import Range, Spread
    from geo.region import Region

__all__ = ["Paper", "bilingual", "heading", "named", "num", "place", "ranged", "section", "table", "words"]

Array = NDArray[np.float64]

# What a reader looks for first; those that an outcome changes are shown, at most so many.
_MAPPED: Final = (
    "posts", "population", "out_commuters", "real_income", "floor_price", "staff_daily", "mean_minutes",
    "jobs",
)  # fmt: skip
_CHARTED: Final = (
    "posts", "residents", "students", "cross_commuters", "staff_daily", "mean_minutes", "private_jobs",
    "real_income", "floor_price", "welfare",
)  # fmt: skip
_MAPS, _CHARTS = 4, 6
_LETTERS = "AB"


@dataclass(frozen=True, eq=False)
class Paper:
    """A region, one or two outcomes of it, and the year and date of the report.

    Parameters
    ----------
    region
        The region of the outcomes.
    outcomes
        One, or two to compare.
    year
        Year of maps and tables.
    date
        Day of making, ISO 8601.
    spreads
        The outcomes with their draws, in the same order, None for one of two in which nothing moves; empty
        where nothing is drawn.
    """

    region: Region
    outcomes: tuple[Outcome, ...]
    year: int
    date: str
    spreads: tuple[Spread | None, ...] = ()

    @property
    def compared(self) -> bool:
        """Whether there are two scenarios."""
        return len(self.outcomes) > 1

    def letter(self, place: int) -> str:
        """Return A or B, empty where there is one scenario."""
        return _LETTERS[place] if self.compared else ""

    def measures(self) -> list[Measure]:
        """Return the measures to be mapped: first those that readers look for and a scenario changes."""
        return [MEASURES[key] for key in _MAPPED if key in MEASURES and self._changes(key)][:_MAPS]

    def charted(self) -> list[Measure]:
        """Return the measures of the whole region that change over the years."""
        held = [key for key in _CHARTED if key in MEASURES and self._varies(key)]
        return [MEASURES[key] for key in held][:_CHARTS]

    def change(self, place: int, measure: Measure) -> Array:
        """Return the change since before in every year, shape (T, N)."""
        outcome = self.outcomes[place]
        return np.asarray(outcome.values[measure.id] - outcome.before[measure.id])

    def row(self, place: int) -> int:
        """Return where the report's year lies in an outcome."""
        return self.outcomes[place].position(self.year)

    def range_of(self, measure: str, place: Place) -> Range | None:
        """Return the range of the change in a place, or of B less A where two are compared."""
        if not self.spreads:
            return None
        if self.compared:
            first, second = self.spreads
            return difference_range(first, second, measure, place, self.year)
        return difference_range(None, self.spreads[0], measure, place, self.year)

    def draws(self) -> int:
        """Return how many draws the ranges stand on."""
        return shared_draws([one.drawn for one in self.spreads if one is not None])

    def _changes(self, key: str) -> bool:
        held = [
            i for i, outcome in enumerate(self.outcomes) if key in outcome.values and key in outcome.before
        ]
        least = 0.5 * 10.0 ** -MEASURES[key].digits
        changes = (np.nan_to_num(self.change(i, MEASURES[key])) for i in held)
        return len(held) == len(self.outcomes) and any(np.any(np.abs(one) >= least) for one in changes)

    def _varies(self, key: str) -> bool:
        rows = [np.nan_to_num(one.regional[key]) for one in self.outcomes if key in one.regional]
        return len(rows) == len(self.outcomes) and any(np.ptp(row) > 0 for row in rows)


def words(english: object, chinese: object) -> Markup:
    """Return two texts, one in each language; one alone where they agree."""
    if str(english) == str(chinese):
        return tag("span", english, class_="word")
    texts = zip((english, chinese), LANGUAGES, strict=True)
    return join(tag("span", text, lang=TAGS[one], class_="word") for text, one in texts)


def bilingual(key: str, **values: object) -> Markup:
    """Return a text of ours in both languages, once where they agree."""
    return words(*(say(key, language, **values) for language in LANGUAGES))


def named(measure: Measure, *, unit: bool = True) -> Markup:
    """Return a measure's name in both languages, with its unit."""
    names = [measure.name(one) + (f" ({measure.unit_name(one)})" if unit else "") for one in LANGUAGES]
    return words(*names)


def place(row: Any, key: str = "name") -> Markup:
    """Return a place's names from a row with ``<key>_en`` and ``<key>_zh``."""
    return words(row[f"{key}_en"], row[f"{key}_zh"])


def num(value: float | None, digits: int = 0, *, sign: bool = False) -> Markup:
    """Return a table cell with a number as English readers write it and, where it differs, as Chinese do."""
    texts = [number(value, one, digits=digits, sign=sign) for one in LANGUAGES]
    return tag("td", words(*texts), class_="num")


def ranged(measure: Measure, found: Range | None) -> Markup:
    """Return a table cell with a range in both languages."""
    return tag("td", words(*(span(measure, found, one) for one in LANGUAGES)), class_="num range")


def section(key: str, *content: object) -> Markup:
    """Return a part of the report under its heading in both languages."""
    return tag("section", heading(key), *content, id=key)


def heading(key: str) -> Markup:
    """Return the heading of a part."""
    return tag("h2", pair(f"report.heading.{key}"))


def table(
    caption: Markup, heads: Sequence[object], rows: Iterable[Sequence[object]], *, kind: str | None = None
) -> Markup:
    """Return a table; its head is repeated on each page, and the first cell of a row names the row.

    Parameters
    ----------
    heads
        Keys below ``report.column``, or markup.
    rows
        Cells: markup of a ``td`` as it is, anything else is put into one.
    kind
        Class of the style sheet.
    """
    top = (one if isinstance(one, Markup) else pair(f"report.column.{one}") for one in heads)
    head = tag("thead", tag("tr", *(tag("th", one, scope="col") for one in top)))
    body = tag("tbody", *(tag("tr", *_cells(row)) for row in rows))
    # by keyboard too a narrow screen reaches the columns at the side
    made = tag("table", tag("caption", caption), head, body, class_=kind)
    label = " ".join(say("report.table", language) for language in LANGUAGES)
    return tag("div", made, class_="scroll", tabindex=0, role="region", aria_label=label)


def _cells(row: Sequence[object]) -> Iterable[Markup]:
    first, *others = row
    yield tag("th", first, scope="row")
    for cell in others:
        yield cell if isinstance(cell, Markup) and cell.startswith("<td") else tag("td", cell)
