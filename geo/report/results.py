"""The parts of a report that show what follows: effects, maps, lines, tables by region, city and county."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from geo.comparison import REGION, place_of
from geo.comparison import counties as places_of
from geo.limits import breaches, digits_of, standings
from geo.measures import MEASURES, XIONGAN, Measure, summary
from geo.ranges import said_ranges
from geo.report.figures import Line, line_chart_svg, static_map_svg
from geo.report.markup import TAGS, Markup, columns, join, pair, tag
from geo.report.paper import Paper, bilingual, named, num, place, ranged, section, table, words
from geo.words import LANGUAGES, say

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from geo.limits import Standing
    from geo.ranges import Spread

__all__ = ["charts", "cities", "counties", "effects", "largest", "limits", "maps", "overall"]

Array = NDArray[np.float64]

_TOP = 8
_ADDED = ("population", "jobs", "posts")  # measures that may be added up over counties
_LIMIT_COLUMNS = ("rule", "value", "limit", "unit", "used", "year", "status")
_GROUP_NAMES = {"xiongan": ("Xiongan New Area", "雄安新区"), "region": ("Whole region", "全区域")}


def _of(paper: Paper, index: int) -> Markup:
    """Return which scenario a figure is of: its letter and name."""
    name = paper.outcomes[index].scenario.name
    letter = paper.letter(index)
    return join([f"{letter}: " if letter else "", tag("bdi", name)]) if name or letter else Markup("")


def effects(paper: Paper) -> Markup:
    """Return the main effects in words, each with how sure it is."""
    made: list[Markup] = []
    for index, outcome in enumerate(paper.outcomes):
        if paper.compared:
            made.append(tag("h3", _of(paper, index)))
        if not outcome.scenario.moves:
            made.append(columns("report.nothing_moves"))
            continue
        told = [summary(outcome, language) for language in LANGUAGES]
        spread = paper.spreads[index] if paper.spreads else None
        made += [_effect(list(effect), spread) for effect in zip(*told, strict=True)]
    return section("effects", *made)


def _effect(effect: list[Any], spread: Spread | None) -> Markup:
    sides = (
        tag(
            "div",
            tag("p", one.text),
            tag("p", say(f"status.{one.status}", language), class_="status"),
            tag("p", said_ranges(spread, one, language), class_="status") if spread else "",
            lang=TAGS[language],
        )
        for one, language in zip(effect, LANGUAGES, strict=True)
    )
    return tag("div", *sides, class_="two effect")


# Figures --------------------------------------------------------------------------------------------


def maps(paper: Paper) -> Markup:
    """Return the region today, and what changes by county; scenarios side by side share their classes."""
    region = paper.region
    people = np.asarray(region.counties["population"], dtype=float)
    density = people / np.asarray(region.counties["area_km2"], dtype=float)
    today = _figure(paper, density, MEASURES["density"], "today", diverging=False, over=[density])
    made = [today, *(one for measure in paper.measures() for one in _changes(paper, measure))]
    return section("maps", columns("report.maps_text", year=paper.year), tag("div", *made, class_="figures"))


def _changes(paper: Paper, measure: Measure) -> Iterator[Markup]:
    every = [paper.change(index, measure) for index in range(len(paper.outcomes))]
    rows = [every[index][paper.row(index)] for index in range(len(every))]
    for index, row in enumerate(rows):
        yield _figure(paper, row, measure, "change", diverging=True, over=every, of=_of(paper, index))
    if paper.compared:
        first, second = paper.outcomes
        apart = second.values[measure.id] - first.values[measure.id]
        yield _figure(paper, rows[1] - rows[0], measure, "minus", diverging=True, over=[apart], of="B − A")


def _figure(
    paper: Paper,
    values: Array,
    measure: Measure,
    kind: str,
    *,
    diverging: bool,
    over: list[Array],
    of: object = "",
) -> Markup:
    names = {language: measure.name(language) for language in LANGUAGES}
    title = say(f"report.map.{kind}", "en", name=names["en"], year=paper.year)
    picture = static_map_svg(paper.region, values, measure, diverging, title=title, over=over)
    said = {
        language: say(f"report.map.{kind}", language, name=names[language], year=paper.year)
        for language in LANGUAGES
    }
    text = join([tag("strong", words(*said.values())), tag("div", of) if of else ""])
    return tag("figure", tag("figcaption", text, _status(measure)), picture)


def _status(measure: Measure) -> Markup:
    return tag("div", bilingual(f"status.{measure.status}"), class_="status")


def charts(paper: Paper) -> Markup:
    """Return lines by year for the whole region and their numbers."""
    shown = paper.charted()
    if not shown:
        return Markup("")
    years = [int(year) for year in paper.outcomes[0].years]
    figures = []
    for measure in shown:
        lines = [
            Line(
                paper.letter(index) or outcome.scenario.name or "–", np.asarray(outcome.regional[measure.id])
            )
            for index, outcome in enumerate(paper.outcomes)
        ]
        picture = line_chart_svg(years, lines, f"{measure.name()}, {years[0]}–{years[-1]}")
        figures.append(
            tag("figure", tag("figcaption", tag("strong", named(measure)), _status(measure)), picture)
        )
    return section("charts", tag("div", *figures, class_="figures"), _years(paper, shown, years))


def _years(paper: Paper, shown: list[Measure], years: list[int]) -> Markup:
    pairs = [(measure, index) for measure in shown for index in range(len(paper.outcomes))]
    heads = [join([named(one), f" {paper.letter(index)}"]) for one, index in pairs]
    rows = [
        [str(year), *(num(float(paper.outcomes[i].regional[one.id][t]), one.digits) for one, i in pairs)]
        for t, year in enumerate(years)
    ]
    return table(pair("report.caption.years"), ["year", *heads], rows, kind="years")


# Tables ---------------------------------------------------------------------------------------------


def overall(paper: Paper) -> Markup:
    """Return every number of the whole region in the report's year."""
    common = [MEASURES[key] for key in MEASURES if all(key in outcome.regional for outcome in paper.outcomes)]
    heads: list[object] = [
        "measure",
        *(Markup(paper.letter(i)) or "value" for i in range(len(paper.outcomes))),
    ]
    if paper.compared:
        heads.append(Markup("B − A"))
    heads += _range_head(paper)
    whole = place_of(paper.region, REGION)
    rows = []
    for measure in common:
        values = [float(one.regional[measure.id][one.position(paper.year)]) for one in paper.outcomes]
        cells = [num(value, measure.digits) for value in values]
        if paper.compared:
            cells.append(num(values[1] - values[0], measure.digits, sign=True))
        if paper.spreads:
            cells.append(ranged(measure, paper.range_of(measure.id, whole)))
        rows.append([named(measure), *cells, bilingual(f"status.{measure.status}")])
    caption = pair("report.caption.region", year=paper.year)
    return section("region", *_range_note(paper), table(caption, [*heads, "status"], rows))


def _range_head(paper: Paper) -> list[object]:
    """Return the head of a column of ranges; nothing where none are known."""
    if not paper.spreads:
        return []
    return ["range_difference" if paper.compared else "range"]


def _range_note(paper: Paper) -> list[Markup]:
    """Say what the ranges are, where there are any."""
    return [columns("range.note", draws=paper.draws())] if paper.spreads else []


def _groups(paper: Paper) -> Iterator[tuple[Markup, NDArray[np.bool_]]]:
    counties = paper.region.counties
    for code, row in paper.region.cities.iterrows():
        yield place(row), (counties["city_code"] == code).to_numpy()
    yield words(*_GROUP_NAMES["xiongan"]), np.isin(paper.region.codes, XIONGAN)
    yield words(*_GROUP_NAMES["region"]), np.ones(len(counties), dtype=bool)


def cities(paper: Paper) -> Markup:
    """Return residents, jobs and posts by city; in a comparison the changes of both and their difference."""
    held = [MEASURES[key] for key in _ADDED if all(key in one.values for one in paper.outcomes)]
    heads: list[object] = ["city"]
    for measure in held:
        heads += [join([named(measure), *kind]) for kind in _kinds(paper, measure)]
    rows = [[name, *_city(paper, held, inside)] for name, inside in _groups(paper)]
    key = "report.caption.cities_compared" if paper.compared else "report.caption.cities"
    return section("cities", table(pair(key, year=paper.year), heads, rows))


def _kinds(paper: Paper, measure: Measure) -> list[list[object]]:
    if paper.compared:
        return [[" A"], [" B"], [" B − A"]]
    level = measure.scale == "sequential"
    return [[pair(f"report.column.{one}")] for one in ("before", "after", "change")] if level else [[]]


def _city(paper: Paper, held: list[Measure], inside: NDArray[np.bool_]) -> Iterator[Markup]:
    for measure in held:
        changes = [
            float(np.nansum(paper.change(i, measure)[paper.row(i)][inside]))
            for i in range(len(paper.outcomes))
        ]
        if paper.compared:
            for value in (*changes, changes[1] - changes[0]):
                yield num(value, measure.digits, sign=True)
            continue
        if measure.scale == "sequential":
            before = float(np.nansum(paper.outcomes[0].before[measure.id][inside]))
            yield num(before, measure.digits)
            yield num(before + changes[0], measure.digits)
        yield num(changes[0], measure.digits, sign=True)


def largest(paper: Paper) -> Markup:
    """Return the counties that gain and lose most, for every measure on the maps."""
    made = []
    places = places_of(paper.region)
    for measure in paper.measures():
        changes = [paper.change(i, measure)[paper.row(i)] for i in range(len(paper.outcomes))]
        shown = changes[1] - changes[0] if paper.compared else changes[0]
        order = [int(i) for i in np.argsort(-np.nan_to_num(shown), kind="stable")]
        least = 0.5 * 10.0**-measure.digits
        gain = [i for i in order[:_TOP] if shown[i] >= least]
        loss = [i for i in order[::-1][:_TOP] if shown[i] <= -least]
        rows = [_row(paper, measure, i, changes) for i in (*gain, *loss)]
        if paper.spreads:
            for row, i in zip(rows, (*gain, *loss), strict=True):
                row.append(ranged(measure, paper.range_of(measure.id, places[i])))
        if rows:
            heads = ["county", "city", *_change_heads(paper), *_range_head(paper)]
            made.append(table(named(measure), heads, rows))
    return section("largest", *made) if made else Markup("")


def _change_heads(paper: Paper) -> list[object]:
    if paper.compared:
        return [Markup("A"), Markup("B"), Markup("B − A")]
    return ["before", "after", "change"]


def _row(paper: Paper, measure: Measure, i: int, changes: list[Array]) -> list[object]:
    row = paper.region.counties.iloc[i]
    if paper.compared:
        a, b = (float(change[i]) for change in changes)
        values = [num(a, measure.digits, sign=True), num(b, measure.digits, sign=True)]
        values.append(num(b - a, measure.digits, sign=True))
    else:
        before = float(paper.outcomes[0].before[measure.id][i])
        change = float(changes[0][i])
        values = [num(before, measure.digits), num(before + change, measure.digits)]
        values.append(num(change, measure.digits, sign=True))
    return [place(row), place(row, "city"), *values]


def limits(paper: Paper) -> Markup:
    """Return the limits that each scenario breaks, with rule, number and source."""
    made: list[Markup] = []
    for index, outcome in enumerate(paper.outcomes):
        if paper.compared:
            made.append(tag("h3", _of(paper, index)))
        found = breaches(outcome.scenario, paper.region, outcome)
        for one in found:
            sides = (
                tag(
                    "div",
                    tag("p", one.text(language, paper.region)),
                    tag("p", one.source_text(language), class_="status"),
                    lang=TAGS[language],
                )
                for language in LANGUAGES
            )
            made.append(tag("div", *sides, class_="two effect"))
        if not found:
            made.append(columns("report.no_breach"))
        made.append(_standings(standings(outcome.scenario, paper.region, outcome)))
    return section("limits", *made)


def _standings(found: Sequence[Standing]) -> Markup:
    """Return how far a scenario goes towards every limit."""
    rows = []
    for one in found:
        limit, digits = one.limit, digits_of(one.limit.unit)
        rows.append(
            [
                join([bilingual(f"limits.rule.{limit.id}"), tag("div", limit.source, class_="status")]),
                *(num(value, digits) for value in (one.value, limit.number)),
                bilingual(f"limits.unit.{limit.unit}"),
                num(one.used, 1),
                tag("td", str(one.year), class_="num"),
                bilingual(f"status.{limit.status}"),
            ]
        )
    heads = [bilingual(f"limits.column.{key}") for key in _LIMIT_COLUMNS]
    return table(bilingual("limits.standing"), heads, rows)


def counties(paper: Paper) -> Markup:
    """Return all counties: the numbers behind every map."""
    region, shown = paper.region, paper.measures()
    density = region.population / region.area_km2
    heads: list[object] = ["county", "city", named(MEASURES["density"])]
    series = [(density, MEASURES["density"].digits, False)]
    for measure in shown:
        changes = [paper.change(i, measure)[paper.row(i)] for i in range(len(paper.outcomes))]
        heads += [
            join([named(measure), " ", pair("report.column.change"), f" {paper.letter(i)}"])
            for i in range(len(changes))
        ]
        series += [(change, measure.digits, True) for change in changes]
    rows = [
        [place(row), place(row, "city"), *(num(float(v[i]), digits, sign=sign) for v, digits, sign in series)]
        for i, (_, row) in enumerate(region.counties.iterrows())
    ]
    return section(
        "counties", table(pair("report.caption.counties", year=paper.year), heads, rows, kind="dense")
    )
