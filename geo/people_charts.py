"""Charts of who gains and who loses among people: pay by band, city and class, moved staff, institutions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from geo.charts import (
    INK,
    Chart,
    _bar_height,
    _labels,
    _paired_bars,
    _short,
    _sides,
    _spec,
    _tips,
    _value_axis,
)
from geo.classes import BLUES, BROWNS
from geo.people import (
    PEOPLE,
    band_rows,
    fate_rows,
    institution_rows,
    staff_rows,
    table_of_bands,
    table_of_fates,
    table_of_institutions,
    table_of_staff,
    tolerance_text,
)
from geo.several import distinct
from geo.words import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from geo.comparison import Pair
    from geo.downloads import Table
    from geo.measures import Measure
    from geo.people import FateRow, Pay

__all__ = ["institution_trips", "pay_changes", "pay_shares", "persons_by_band", "staff_trips"]

_MOST: Final = 12


def _noted(measure: Measure, language: str, *more: str) -> str:
    """Return unit, status and source, and what the numbers are not."""
    note = say(
        "compare.note",
        language,
        unit=measure.unit_name(language),
        status=say(f"status.{measure.status}", language),
        source=measure.source_text(language),
    )
    between = " " if language == "en" else ""
    return between.join([note, *(say(key, language, tolerance=tolerance_text(language)) for key in more)])


def _extreme(rows: Sequence[tuple[str, float]], measure: Measure, language: str, *, most: bool = True) -> str:
    """Return by name where a value is largest, or smallest; nobody where none is."""
    known = [(name, value) for name, value in rows if np.isfinite(value)]
    if not known:
        return say("compare.nobody", language)
    name, value = (max if most else min)(known, key=lambda row: row[1])
    return say("compare.who", language, name=name, value=measure.text(value, language, sign=True))


def persons_by_band(found: Pay, language: str = "en") -> Chart:
    """Return how many more or fewer workers are in each band of pay in B than in A, as bars."""
    measure, listed = PEOPLE["pay_persons"], band_rows(found, language)
    rows = [
        {
            "name": row.name,
            "value": row.difference,
            "text": measure.text(row.difference, language, sign=True),
            "colour": BLUES[-1] if row.difference > 0 else BROWNS[-1],
        }
        for row in listed
    ]
    spec = _signed_bars(rows, measure.unit_name(language), language)
    changes = [(row.name, row.difference) for row in listed]
    alt = say(
        "people.alt.bands",
        language,
        more=_extreme(changes, measure, language),
        fewer=_extreme(changes, measure, language, most=False),
    )
    title = say("people.chart.bands", language, year=found.year)
    note = _noted(measure, language, "people.note.bands", "people.note.alike")
    return Chart("pay_bands", title, alt, note, spec, table_of_bands(found, language))


def _signed_bars(rows: list[dict[str, Any]], unit: str, language: str) -> dict[str, Any]:
    """Return bars about zero, each with its value beside it."""
    bar = {
        "mark": {"type": "bar"},
        "encoding": {
            "color": {"field": "colour", "type": "nominal", "scale": None},
            "tooltip": _tips(language, "name", "text"),
        },
    }
    texts = [
        {
            "transform": [{"filter": f"datum.value {sign} 0"}],
            "mark": {"type": "text", "align": align, "dx": dx, "color": INK, "fontSize": 11},
            "encoding": {"text": {"field": "text", "type": "nominal"}},
        }
        for sign, align, dx in ((">=", "left", 4), ("<", "right", -4))
    ]
    x = {"field": "value", "type": "quantitative", "axis": _value_axis(unit, language)}
    encoding = {
        "y": {"field": "name", "type": "nominal", "sort": None, "title": None},
        "x": {**x, "scale": {"padding": 46}},
    }
    return _spec(rows, layer=[bar, *texts], encoding=encoding, height=_bar_height(len(rows)))


def _row_names(names: Sequence[str]) -> tuple[str, ...]:
    """Return names of rows, shortened and still different: what is named alike would share a row."""
    return distinct([_short(name) for name in names])


def _paired(
    listed: Sequence[tuple[str, tuple[float, float]]], two: Pair, measure: Measure, language: str
) -> dict[str, Any]:
    """Return two bars, A above B, for each name; missing numbers have none."""
    labels, names = _labels(two, language), _row_names([name for name, _ in listed])
    rows = [
        {
            "name": name,
            "value": round(value, measure.digits),
            "text": measure.text(value, language),
            "side": labels[key],
        }
        for name, (_, both) in zip(names, listed, strict=True)
        for key, value in zip(("a", "b"), both, strict=True)
        if np.isfinite(value)
    ]
    return _paired_bars(rows, labels, measure.unit_name(language), language)


def pay_changes(found: Pay, by: str, language: str = "en") -> Chart:
    """Return the change of mean real pay of the workers of before in A and B, by band, city or class."""
    measure, listed = PEOPLE["pay_change"], fate_rows(found, by, language)
    spec = _paired([(row.name, row.change) for row in listed], found.two, measure, language)
    second = [(row.name, row.change[1]) for row in listed]
    alt = say(
        "people.alt.changes",
        language,
        most=_extreme(second, measure, language),
        least=_extreme(second, measure, language, most=False),
    )
    title = say(f"people.chart.changes_{by}", language, year=found.year)
    note = _noted(measure, language, "people.note.incumbents", "people.note.alike")
    return Chart(f"pay_change_{by}", title, alt, note, spec, table_of_fates(found, by, language))


def pay_shares(found: Pay, by: str, language: str = "en") -> Chart:
    """Return the shares of workers who gain (right) and lose (left) in A and B, by band, city or class."""
    labels, listed = _labels(found.two, language), fate_rows(found, by, language)
    measure, names = PEOPLE["pay_gain"], _row_names([row.name for row in listed])
    rows = [
        {
            "name": name,
            "value": round(sign * both[at], measure.digits),
            "text": say(f"people.{fate}", language, value=measure.text(both[at], language)),
            "side": labels[key],
        }
        for name, row in zip(names, listed, strict=True)
        for fate, sign, both in (("gain", 1, row.gain), ("lose", -1, row.lose))
        for at, key in enumerate(("a", "b"))
        if np.isfinite(both[at])
    ]
    axis = _value_axis(say("people.axis.shares", language), language)
    axis["labelExpr"] = "format(abs(datum.value), '.0f')"
    encoding = {
        "y": {"field": "name", "type": "nominal", "sort": None, "title": None},
        "yOffset": {"field": "side", "type": "nominal", "scale": {"domain": [labels["a"], labels["b"]]}},
        "x": {
            "field": "value",
            "type": "quantitative",
            "axis": axis,
            "stack": None,
            "scale": {"padding": 12},
        },
        "color": _sides(labels, "a", "b"),
        "tooltip": _tips(language, "name", "side", "text"),
    }
    height = _bar_height(len(listed), each=30)
    spec = _spec(rows, mark={"type": "bar"}, encoding=encoding, height=height)
    title = say(f"people.chart.shares_{by}", language, year=found.year)
    note = _noted(measure, language, "people.note.incumbents", "people.note.alike")
    alt = _shares_alt(listed, measure, language)
    return Chart(f"pay_share_{by}", title, alt, note, spec, table_of_fates(found, by, language))


def _shares_alt(listed: Sequence[FateRow], measure: Measure, language: str) -> str:
    gain = [(row.name, row.gain[1]) for row in listed]
    lose = [(row.name, row.lose[1]) for row in listed]
    return say(
        "people.alt.shares",
        language,
        gain=_extreme(gain, measure, language),
        lose=_extreme(lose, measure, language),
    )


def _trips(
    listed: Sequence[tuple[str, tuple[float, float], tuple[float, float]]], two: Pair, language: str
) -> dict[str, Any]:
    """Return trips in A and B as bars, and the trip before as a line across each."""
    measure = PEOPLE["staff_trip"]
    spec = _paired([(name, trip) for name, trip, _ in listed], two, measure, language)
    labels = _labels(two, language)
    names = _row_names([name for name, _, _ in listed])
    before = [
        {
            "name": name,
            "value": round(value, measure.digits),
            "side": labels[key],
            "text": say("people.before", language, value=measure.text(value, language)),
        }
        for name, (_, _, both) in zip(names, listed, strict=True)
        for key, value in zip(("a", "b"), both, strict=True)
        if np.isfinite(value)
    ]
    bar = {"mark": spec.pop("mark"), "encoding": spec["encoding"]}
    shared = {key: spec["encoding"][key] for key in ("y", "yOffset", "x")}
    tick = {
        "data": {"values": before},
        "mark": {"type": "tick", "color": INK, "thickness": 2.5, "size": 14},
        "encoding": {**shared, "tooltip": _tips(language, "name", "side", "text")},
    }
    del spec["encoding"]
    return {**spec, "layer": [bar, tick]}


def staff_trips(two: Pair, year: int, language: str = "en") -> Chart:
    """Return the trip to work of moved staff by class, before and in A and B, as bars.

    Raises
    ------
    ModelError
        If an outcome is not of the full model, or does not hold ``year``.
    """
    nothing = (float("nan"), float("nan"))
    found = {(row.name, row.measure.id): (row.first, row.second) for row in staff_rows(two, year, language)}
    names = dict.fromkeys(name for name, key in found if key == "staff_trip")
    listed = [
        (name, found[name, "staff_trip"], found.get((name, "staff_trip_before"), nothing)) for name in names
    ]
    title = say("people.chart.staff", language, year=year)
    words = ("staff_trips", title, language)
    return _trip_chart(words, listed, two, table_of_staff(two, year, language))


def institution_trips(two: Pair, year: int, language: str = "en", *, count: int = _MOST) -> Chart:
    """Return the institutions whose staff travel longest in A or B, by name, as bars.

    Raises
    ------
    ModelError
        If an outcome is not of the full model, or does not hold ``year``.
    """
    listed = [(row.name, row.trip, row.before) for row in institution_rows(two, year, language)][:count]
    title = say("people.chart.institutions", language, year=year)
    words = ("institution_trips", title, language)
    return _trip_chart(words, listed, two, table_of_institutions(two, year, language))


def _trip_chart(
    words: tuple[str, str, str],
    listed: Sequence[tuple[str, tuple[float, float], tuple[float, float]]],
    two: Pair,
    table: Table,
) -> Chart:
    """Return a chart of trips; ``words`` are its id, its title and its language."""
    key, title, language = words
    measure = PEOPLE["staff_trip"]
    longest = [_longest([(name, trip[at]) for name, trip, _ in listed], measure, language) for at in range(2)]
    alt = say("people.alt.trips", language, a=longest[0], b=longest[1])
    note = _noted(measure, language, "people.note.trips")
    return Chart(key, title, alt, note, _trips(listed, two, language), table)


def _longest(rows: Sequence[tuple[str, float]], measure: Measure, language: str) -> str:
    known = [row for row in rows if np.isfinite(row[1])]
    if not known:
        return say("compare.nobody", language)
    name, value = max(known, key=lambda row: row[1])
    return say("compare.who", language, name=name, value=measure.text(value, language))
