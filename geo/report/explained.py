"""The part of a report that takes its main numbers apart, down to where their terms were read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from geo.comparison import REGION, place_of
from geo.explaining import explain_difference, explain_place, explain_said, said_label
from geo.measures import MEASURES, summary
from geo.report.markup import Markup, columns, join, tag
from geo.report.paper import bilingual, named, section, table, words
from geo.words import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from geo.model.terms import Line, Term
    from geo.outcome import Outcome
    from geo.report.paper import Paper

__all__ = ["explained"]

_MOST: Final = 5  # terms on a level


def explained(paper: Paper) -> Markup:
    """Return what makes up the numbers of the main effects and of the whole region."""
    made: list[Markup] = []
    for index, outcome in enumerate(paper.outcomes):
        rows = [row for one in _said(paper, outcome) for row in one]
        if rows:
            caption = join([bilingual("report.explained.effects"), f" {paper.letter(index)}".rstrip()])
            made.append(_table(caption, rows))
    rows = [row for one in _whole(paper) for row in one]
    if rows:
        key = "difference" if paper.compared else "region"
        made.append(_table(bilingual(f"report.explained.{key}", year=paper.year), rows))
    if not made:
        return Markup("")
    return section("explained", columns("report.explained.text", most=_MOST), *made)


def _table(caption: Markup, rows: list[list[object]]) -> Markup:
    heads = ("term", "value")
    return table(caption, heads, rows, kind="tree")


def _said(paper: Paper, outcome: Outcome) -> Iterator[list[list[object]]]:
    """Yield the rows of every number that a main effect says."""
    for effect in summary(outcome):
        for one in effect.numbers:
            if one.kind == "count":  # the moves are listed by themselves
                continue
            name = words(*(said_label(outcome, paper.region, one, language) for language in LANGUAGES))
            yield _rows(name, _first(explain_said(outcome, paper.region, one)))


def _whole(paper: Paper) -> Iterator[list[list[object]]]:
    """Yield the rows of every number of the whole region, or of its difference."""
    region, whole = paper.region, place_of(paper.region, REGION)
    first, last = paper.outcomes[0], paper.outcomes[-1]
    for key in MEASURES:
        if not all(key in outcome.regional for outcome in paper.outcomes):
            continue
        if paper.compared:
            views = explain_difference(first, last, region, key, whole, year=paper.year)
        else:
            views = explain_place(first, region, key, whole, paper.year)
        tree = _first(views)
        if tree.parts and np.isfinite(tree.value) and tree.value:
            yield _rows(named(MEASURES[key], unit=False), tree)


def _first(views: dict[str, Term]) -> Term:
    return next(iter(views.values()))


def _rows(name: Markup, tree: Term) -> list[list[object]]:
    """Return a number, under its own name, and its terms as rows."""
    short = tree.few(_MOST)
    head, *parts = [[one.line(language) for language in LANGUAGES] for one in (short, *short.parts)]
    how = tag("span", " ", words(*(line.how for line in head)), class_="status")
    rows: list[list[object]] = [[join([tag("strong", name), how, _read(head)]), _value(head)]]
    for lines in parts:
        shown = tag("div", words(*(line.name for line in lines)), _read(lines), class_="term")
        rows.append([shown, _value(lines)])
    return rows


def _value(lines: list[Line]) -> Markup:
    texts = [f"{line.text} {line.unit}" for line in lines]
    beside = [line.compared for line in lines]
    said = tag("div", words(*beside), class_="status") if all(beside) else ""
    return tag("td", words(*texts), said, class_="num")


def _read(lines: list[Line]) -> Markup:
    if not lines[0].source:
        return Markup("")
    return tag("div", lines[0].source, " · ", words(*(line.status for line in lines)), class_="status")
