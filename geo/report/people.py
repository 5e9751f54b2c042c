"""The part of a report on people: pay of workers, and who gains and who loses by class of worker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from geo.comparison import pair as compared
from geo.model.simulate import FullOutcome
from geo.people import fate_rows, pay, pay_rows, tolerance_text
from geo.report.markup import Markup, columns, join, pair
from geo.report.paper import bilingual, named, num, section, table, words
from geo.words import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from geo.people import FateRow, Pay
    from geo.report.paper import Paper

__all__ = ["people"]


def people(paper: Paper) -> Markup:
    """Return pay of workers and what becomes of it; or say that an outcome cannot tell."""
    if any(not isinstance(one, FullOutcome) or one.world is None for one in paper.outcomes):
        return section("people", columns("people.only_full"))
    found = pay(compared(paper.region, paper.outcomes[0], paper.outcomes[-1]), paper.year)
    return section(
        "people",
        _numbers(paper, found),
        _classes(paper, found),
        columns("people.note.alike", "people.note.incumbents", tolerance=_tolerance()),
    )


def _tolerance() -> dict[str, str]:
    return {language: tolerance_text(language) for language in LANGUAGES}


def _numbers(paper: Paper, found: Pay) -> Markup:
    heads: list[object] = ["measure", "before"]
    heads += [Markup(one) for one in ("A", "B", "B − A")] if paper.compared else ["after"]
    rows = []
    for row in pay_rows(found):
        values = (row.start, row.first, row.second) if paper.compared else (row.start, row.first)
        cells = [num(value, row.measure.digits) for value in values]
        if paper.compared:
            cells.append(num(row.difference, row.measure.digits, sign=True))
        status = bilingual(f"status.{row.measure.status}")
        rows.append([named(row.measure), *cells, status])
    return table(pair("report.caption.people", year=paper.year), [*heads, "status"], rows)


def _classes(paper: Paper, found: Pay) -> Markup:
    kinds = ("change", "gain", "lose")
    letters = ("A", "B") if paper.compared else ("",)
    heads: list[object] = ["worker", "workers"]
    heads += [join([pair(f"report.column.pay_{kind}"), f" {letter}"]) for kind in kinds for letter in letters]
    both = zip(*(fate_rows(found, "group", language) for language in LANGUAGES), strict=True)
    rows = [
        [words(english.name, chinese.name), num(english.persons), *_fate(english, len(letters))]
        for english, chinese in both
    ]
    return table(pair("report.caption.people_classes", year=paper.year), heads, rows)


def _fate(row: FateRow, sides: int) -> Iterator[Markup]:
    for both, digits, sign in ((row.change, 2, True), (row.gain, 1, False), (row.lose, 1, False)):
        for value in both[:sides]:
            yield num(value, digits, sign=sign)
