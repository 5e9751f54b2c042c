"""What can be asked about numbers on the page: in words, with what explains each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from geo.comparison import Pair, place_of
from geo.explaining import (
    Asked,
    explain_change,
    explain_difference,
    explain_place,
    explain_said,
    said_label,
)
from geo.flows import DELAY, TRIPS
from geo.measures import MEASURES
from geo.model.explain_flows import explain_link, explain_pair
from geo.model.flows import has_flows
from geo.model.terms import Term, dated, difference
from geo.words import say

if TYPE_CHECKING:
    from collections.abc import Iterable

    from geo.comparison import Place
    from geo.comparison import Row as Indicator
    from geo.measures import Said
    from geo.outcome import Outcome
    from geo.panels.mapview import MapEvent
    from geo.panels.text import Voice
    from geo.region import Region
    from geo.several import Several, SeveralRow

__all__ = [
    "Groups",
    "Question",
    "Views",
    "asked_about",
    "of_asked",
    "of_place",
    "of_row",
    "of_sentence",
    "of_several",
    "row_name",
]

Views = dict[str, Term]  # by way of taking a number apart
_FLOWS = {"road": "between", "pair": "from_to"}  # how the names of their two counties are joined
_FLOWS_EXPLAINED = {"road": (explain_link, DELAY.id), "pair": (explain_pair, TRIPS.id)}


@dataclass(frozen=True)
class Question:
    """A number that can be explained.

    Parameters
    ----------
    label
        What it is, in words.
    measure
        The measure, of the outcome or of people, whose unit, status and source it has; empty for none.
    views
        Explains it, by way of taking it apart.
    into
        Explains the same of one county, by its code; None where there is no such thing.
    """

    label: str
    measure: str
    views: Callable[[], Views]
    into: Callable[[str], Views] | None = None


# What makes the questions about a row or place, by its name.
Groups = dict[str, Callable[[], Sequence[Question]]]


def row_name(voice: Voice, measure: str, place: Place) -> str:
    """Return what a row of a table is called where one is chosen."""
    return f"{MEASURES[measure].name(voice.language)} · {place.name}"


def of_sentence(voice: Voice, region: Region, outcome: Outcome, numbers: Iterable[Said]) -> list[Question]:
    """Return every number that a sentence says."""
    made = []
    for said in numbers:
        label = said_label(outcome, region, said, voice.language)
        views = partial(explain_said, outcome, region, said)
        into = _into(region, (outcome,), said.measure, said.year, change=said.kind != "value")
        made.append(Question(label, said.measure if said.kind != "count" else "", views, into))
    return made


def _into(
    region: Region, outcomes: Sequence[Outcome], measure: str, year: int, *, change: bool = False
) -> Callable[[str], Views] | None:
    """Return what explains the same number of a county, or of two outcomes' difference there."""
    by_county = {"exposure": "pm25", "cross_commuters": "out_commuters"}.get(measure, measure)
    by_county = "population" if by_county in _PEOPLE else by_county
    by_county = "income_per_head" if by_county in _INCOMES else by_county
    if by_county not in outcomes[0].values:
        return None

    def views(code: str) -> Views:
        place = place_of(region, code)
        if len(outcomes) == 2:
            return explain_difference(outcomes[0], outcomes[1], region, by_county, place, year=year)
        explain = explain_change if change else explain_place
        return explain(outcomes[0], region, by_county, place, year)

    return views


_PEOPLE = ("xiongan_fill", "six_districts", "six_districts_gap")
_INCOMES = ("gini", "theil_within", "theil_between")


def _one(voice: Voice, letter: str, outcome: Outcome, year: int) -> str:
    return say("explain.panel.one", voice.language, letter=letter, name=outcome.scenario.name, year=year)


def of_row(voice: Voice, two: Pair, row: Indicator) -> list[Question]:
    """Return a row of two scenarios: the difference, the number of either, and that of the baseline."""
    region, measure, year = two.region, row.measure, row.year
    sides = [("a", two.first), ("b", two.second)]
    made = [
        of_place(
            region, outcome, measure, row.place, year=year, label=_one(voice, side.upper(), outcome, year)
        )
        for side, outcome in sides
    ]
    if two.baseline is not None:
        label = voice("explain.panel.baseline", year=year)
        made.append(of_place(region, two.baseline, measure, row.place, year=year, label=label))
    label = voice("explain.panel.difference", year=year)
    apart = partial(explain_difference, two.first, two.second, region, measure, row.place, year=year)
    into = None if _alone(row.place) else _into(region, (two.first, two.second), measure, year)
    return [Question(label, measure, apart, into), *made]


def of_asked(voice: Voice, two: Pair, year: int, asked: Asked) -> list[Question]:
    """Return a number that is no measure by place: the difference, and the number of either scenario.

    Where one of the two has no number, the other's comes first: there is no difference to explain.
    """
    first, second = (asked.of(outcome) for outcome in (two.first, two.second))

    def alone(letter: str, outcome: Outcome, tree: Term) -> Question:
        return Question(_one(voice, letter, outcome, year), asked.measure, lambda: _trimmed(tree))

    def apart() -> Views:
        return _trimmed(difference(first, second))

    made = [
        Question(voice("explain.panel.difference", year=year), asked.measure, apart),
        alone("A", two.first, first),
        alone("B", two.second, second),
    ]
    known = [bool(np.isfinite(tree.value)) for tree in (first, second)]
    told = dict(zip(made, [all(known), *known], strict=True))
    return sorted(made, key=lambda question: not told[question])


def _trimmed(tree: Term) -> Views:
    return {"terms": tree.trimmed()}


def of_several(voice: Voice, found: Several, row: SeveralRow, reference: int) -> list[Question]:
    """Return the number of every scenario and, first, what it is more than that of the reference."""
    region, measure, place, year = found.region, row.measure.id, row.place, row.year
    start = found.reference(reference)
    apart, alone = [], []
    for at, outcome in enumerate(found.outcomes):
        name = say("explain.panel.alone", voice.language, name=found.names[at], year=year)
        alone.append(of_place(region, outcome, measure, place, year=year, label=name))
        if outcome is not start:
            label = voice(
                "explain.panel.less",
                name=found.names[at],
                other=found.name(reference, voice.language),
                year=year,
            )
            views = partial(explain_difference, start, outcome, region, measure, place, year=year)
            into = None if _alone(place) else _into(region, (start, outcome), measure, year)
            apart.append(Question(label, measure, views, into))
    return [*apart, *alone]


def _alone(place: Place) -> bool:
    return int(place.inside.sum()) == 1


def of_place(
    region: Region, outcome: Outcome, measure: str, place: Place, *, year: int, label: str
) -> Question:
    """Return the number of a place in one scenario."""
    views = partial(explain_place, outcome, region, measure, place, year)
    into = None if _alone(place) else _into(region, (outcome,), measure, year)
    return Question(label, measure, views, into)


def _of_map(
    voice: Voice, region: Region, runs: Sequence[Outcome], event: MapEvent, place: Place
) -> list[Question]:
    """Return the number of the scenario shown, and the difference to what stands beside it."""
    measure, year, second = event["measure"], event["year"], runs[event["b"]]
    if event["a"] < 0:
        name = say("explain.panel.alone", voice.language, name=second.scenario.name, year=year)
        change = partial(explain_change, second, region, measure, place, year)
        grown = Question(voice("explain.panel.change", year=year), measure, change)
        return [of_place(region, second, measure, place, year=year, label=name), grown]
    first = runs[event["a"]]
    apart = partial(explain_difference, first, second, region, measure, place, year=year)
    both = [
        of_place(region, one, measure, place, year=year, label=_one(voice, letter, one, year))
        for letter, one in (("A", first), ("B", second))
    ]
    return [Question(voice("explain.panel.difference", year=year), measure, apart), *both]


def _of_flow(
    voice: Voice, region: Region, runs: Sequence[Outcome], event: MapEvent, ends: tuple[str, str]
) -> list[Question]:
    """Return a link's or pair's number in the scenario shown, and the difference to what stands beside it."""
    explain, measure = _FLOWS_EXPLAINED[event["kind"]]
    year, second = event["year"], runs[event["b"]]

    def alone(outcome: Outcome) -> Views:
        return _trimmed(explain(outcome, region, ends, year))

    def grown() -> Views:
        both = (explain(second, region, ends, when) for when in (None, year))
        return _trimmed(dated(difference(*both)))

    if event["a"] < 0:
        name = say("explain.panel.alone", voice.language, name=second.scenario.name, year=year)
        change = Question(voice("explain.panel.change", year=year), measure, grown)
        return [Question(name, measure, partial(alone, second)), change]
    two = Pair(region, runs[event["a"]], second)
    asked = Asked("", measure, lambda outcome: explain(outcome, region, ends, year))
    return of_asked(voice, two, year, asked)


# On the map ---------------------------------------------------------------------------------------


def asked_about(voice: Voice, region: Region, runs: Sequence[Outcome], event: MapEvent) -> Groups | None:
    """Return the questions about what a reader asked about on the map; None where it has gone since."""
    if not 0 <= event["b"] < len(runs) or event["a"] >= len(runs):
        return None
    if event["year"] not in runs[event["b"]].years:
        return None
    return (_flow if event["kind"] in _FLOWS else _county)(voice, region, runs, event)


def _county(voice: Voice, region: Region, runs: Sequence[Outcome], event: MapEvent) -> Groups | None:
    key = event["measure"]
    if event["id"] not in region.positions or key not in MEASURES or key not in runs[event["b"]].values:
        return None
    place = place_of(region, event["id"], voice.language)
    return {row_name(voice, key, place): partial(_of_map, voice, region, runs, event, place)}


def _flow(voice: Voice, region: Region, runs: Sequence[Outcome], event: MapEvent) -> Groups | None:
    """Return the questions about a road link or a pair of counties, if both are there and have flows."""
    ends = event["id"].split("-")
    shown = [runs[event["b"]], *([runs[event["a"]]] if event["a"] >= 0 else [])]
    if len(ends) != 2 or not all(end in region.positions for end in ends):
        return None
    if not all(has_flows(one) for one in shown):
        return None
    names = [place_of(region, end, voice.language).name for end in ends]
    name = say(f"explain.{_FLOWS[event['kind']]}", voice.language, first=names[0], second=names[1])
    made = partial(_of_flow, voice, region, runs, event, (ends[0], ends[1]))
    return {name: made}
