"""Charts as Vega-Lite: one description for the page, the report and the files to take away.

A chart is plain data, see https://vega.github.io/vega-lite/. Streamlit draws it with the library it ships;
:meth:`Chart.svg`, :meth:`Chart.png` and :meth:`Chart.pdf` draw the same with ``vl-convert-python`` in this
process. Neither asks a network. Every chart carries its text alternative, a note with unit, source and
status, and its numbers as a table.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from geo.classes import BLUES, BROWNS, breaks
from geo.comparison import (
    Row,
    cities,
    flows,
    indicators,
    kinds,
    lines,
    ranking,
    settled,
    table_of_counties,
    table_of_flows,
    table_of_kinds,
    table_of_rows,
)
from geo.downloads import Field, Table
from geo.measures import MEASURES
from geo.timeline import DATES, table_of_events
from geo.words import number, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from geo.classes import Classes
    from geo.comparison import Pair, Place
    from geo.measures import Measure
    from geo.timeline import Event

__all__ = [
    "FONT",
    "Chart",
    "bars_about_zero",
    "by_city",
    "draws_chinese",
    "spread_of_counties",
    "timeline_chart",
    "what_moves",
    "where_from_where_to",
    "who_gains",
    "years_lines",
]

#: The fonts of the map page (``geo/maps/page.css``).
FONT: Final = (
    "Noto Sans SC, Noto Sans CJK SC, PingFang SC, Microsoft YaHei, Source Han Sans SC, Segoe UI, Roboto, "
    "Arial, sans-serif"
)
INK: Final = "#16232f"
SOFT: Final = "#4d5c68"
LINE: Final = "#d5dbe0"
#: A and B have the colours of less and more on the map: where B is more than A, the map is blue.
COLOURS: Final = {"baseline": "#6b7680", "a": BROWNS[-1], "b": BLUES[-1]}
_DASHES: Final = {"baseline": [2, 3], "a": [7, 3], "b": [1, 0]}
_STAGES: Final = {
    "moved": BLUES[-1],
    "under_construction": BROWNS[1],
    "announced": BROWNS[-1],
    "candidate": "#8a8f94",
}
_SCHEMA: Final = "https://vega.github.io/schema/vega-lite/v6.json"
_VL_VERSION: Final = "6.1"
_MOST: Final = 12
_NAME: Final = 28
_LINE_WIDTH: Final = 96  # Latin letters of a note in a line 560 px wide
_CHINESE_AXIS: Final = (
    "abs(datum.value) >= 1e8 ? format(datum.value / 1e8, ',.6~g') + '亿' : "
    "abs(datum.value) >= 1e5 ? format(datum.value / 1e4, ',.6~g') + '万' : format(datum.value, ',.6~g')"
)
_ENGLISH_AXIS: Final = "format(datum.value, abs(datum.value) >= 1e15 ? '.3~e' : ',.12~g')"


@dataclass(frozen=True, eq=False)
class Chart:
    """A chart, what it shows in words, and its numbers.

    Parameters
    ----------
    id
        Stem of a file name.
    title, alt, note
        Heading; the chart in a sentence or two; unit, status and source.
    spec
        Vega-Lite, without title.
    table
        The numbers drawn.
    """

    id: str
    title: str
    alt: str
    note: str
    spec: dict[str, Any] = field(repr=False)
    table: Table = field(repr=False)

    @property
    def empty(self) -> bool:
        """Whether there is nothing to draw."""
        return not self.table.rows

    def printed(self) -> dict[str, Any]:
        """Return the specification with heading and note, as it stands alone on paper."""
        heading = {"text": self.title, "subtitle": _wrapped(self.note), "anchor": "start", "offset": 12}
        return {**self.spec, "width": 560, "title": heading, "background": "white", "padding": 12}

    def svg(self) -> str:
        """Return it as SVG; text stays text, so the reader's fonts draw it."""
        return str(_converter().vegalite_to_svg(self.printed(), vl_version=_VL_VERSION))

    def png(self, scale: float = 2.0) -> bytes:
        """Return it as PNG, ``scale`` times the size on the screen."""
        return bytes(_converter().vegalite_to_png(self.printed(), vl_version=_VL_VERSION, scale=scale))

    def pdf(self) -> bytes:
        """Return it as PDF, fonts embedded."""
        return bytes(_converter().vegalite_to_pdf(self.printed(), vl_version=_VL_VERSION))

    def json(self) -> str:
        """Return the specification as JSON."""
        return json.dumps(self.spec, ensure_ascii=False, allow_nan=False, sort_keys=True)


def _wrapped(text: str) -> list[str]:
    """Break a note into lines as wide as a printed chart; Chinese characters are twice as wide."""
    done, wide = [""], 0
    for word in re.findall(r"[^\s\u2e80-\uffef]+\s*|[\u2e80-\uffef]\s*", text):
        size = sum(1 + (letter >= "\u2e80") for letter in word)
        if wide + size > _LINE_WIDTH and done[-1]:
            done.append("")
            wide = 0
        done[-1] += word
        wide += size
    return [line.rstrip() for line in done]


@cache
def _converter() -> Any:
    """Return vl-convert, loaded when first needed: it holds a JavaScript engine of some 30 MB."""
    import vl_convert  # noqa: PLC0415

    return vl_convert


@cache
def draws_chinese() -> bool:
    """Whether this machine has a font for Chinese, which PNG and PDF need and SVG does not."""

    def drawn(text: str) -> bytes:
        picture = (
            '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40">'
            f'<text x="4" y="30" font-size="24" font-family="{FONT}">{text}</text></svg>'
        )
        return bytes(_converter().svg_to_png(picture))

    return drawn("京") != drawn("津")  # two characters that a font draws alike are missing from it


# Parts ----------------------------------------------------------------------------------------------


def _config() -> dict[str, Any]:
    axis = {"labelColor": SOFT, "titleColor": INK, "gridColor": LINE, "domainColor": LINE, "tickColor": LINE}
    plain = {"labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal", "labelLimit": 190}
    return {
        "font": FONT,
        "axis": axis | plain,
        "legend": {
            "labelColor": INK,
            "labelFontSize": 12,
            "labelLimit": 260,
            "orient": "top",
            "title": None,
            "columns": 1,
        },
        "title": {"color": INK, "subtitleColor": SOFT, "fontSize": 15, "subtitleFontSize": 11},
        "view": {"stroke": None},
    }


def _spec(rows: list[dict[str, Any]], **parts: Any) -> dict[str, Any]:
    return {
        "$schema": _SCHEMA,
        "data": {"values": rows},
        "width": "container",
        "autosize": {"type": "fit-x", "contains": "padding"},
        "config": _config(),
        **parts,
    }


def _value_axis(title: str, language: str) -> dict[str, Any]:
    label = _CHINESE_AXIS if language == "zh" else _ENGLISH_AXIS
    return {
        "title": title,
        "labelExpr": label,
        "tickCount": 4,
        "labelOverlap": "greedy",
        "labelSeparation": 6,
    }


def _short(name: str) -> str:
    return name if len(name) <= _NAME else name[: _NAME - 1] + "…"


def _plain_name(county: str) -> str:
    """Return an English county without its rank, so that two fit on a line; Chinese is short anyhow."""
    return county.removesuffix(" District").removesuffix(" County")


def _labels(two: Pair, language: str) -> dict[str, str]:
    """Return what A, B and the baseline are called in a legend; letters keep equal names apart."""
    names = {"a": two.first.scenario.name, "b": two.second.scenario.name}
    letters = {
        key: say("compare.letter", language, letter=key.upper(), name=_short(name))
        for key, name in names.items()
    }
    return {"baseline": say("compare.baseline", language), **letters}


def _sides(labels: dict[str, str], *keys: str) -> dict[str, Any]:
    return {
        "field": "side",
        "type": "nominal",
        "scale": {"domain": [labels[key] for key in keys], "range": [COLOURS[key] for key in keys]},
    }


def _note(measure: Measure, language: str) -> str:
    status = say(f"status.{measure.status}", language)
    unit = measure.unit_name(language)
    return say("compare.note", language, unit=unit, status=status, source=measure.source)


def _bar_height(count: int, *, each: int = 22, least: int = 60) -> int:
    return max(least, each * count)


# Charts ---------------------------------------------------------------------------------------------


def years_lines(two: Pair, measure: str, place: Place, language: str = "en") -> Chart:
    """Return baseline, A and B of a measure in a place as lines over the years."""
    shown, labels = MEASURES[measure], _labels(two, language)
    series = dict(zip(("baseline", "a", "b"), lines(two, measure, place), strict=True))
    years = [int(year) for year in two.first.years]
    rows = [
        {
            "year": year,
            "value": round(float(value), shown.digits),
            "side": labels[key],
            "text": shown.text(float(value), language),
        }
        for key, values in series.items()
        for year, value in zip(years, values, strict=True)
        if np.isfinite(value)
    ]
    present = [key for key, values in series.items() if np.isfinite(values).any()]
    unit, domain = shown.unit_name(language), [labels[key] for key in present]
    encoding = {
        "x": _year_axis(years),
        "y": {
            "field": "value",
            "type": "quantitative",
            "scale": {"domain": _span(shown, series), "nice": True},
            "axis": _value_axis(unit, language),
        },
        "color": _sides(labels, *present) | {"legend": {"symbolType": "stroke", "symbolSize": 400}},
        "strokeDash": {
            "field": "side",
            "type": "nominal",
            "scale": {"domain": domain, "range": [_DASHES[key] for key in present]},
        },
        "tooltip": _tips(language, "side", "year", "text"),
    }
    mark = {"type": "line", "strokeWidth": 2.2, "point": {"opacity": 0, "size": 60}}
    title = say("compare.chart.lines", language, measure=shown.name(language), place=place.name)
    table = _years_table(years, series, labels, unit, title)
    spec = _spec(rows, mark=mark, encoding=encoding, height=240)
    return Chart(
        "years", title, _lines_alt(shown, years, series, language), _note(shown, language), spec, table
    )


def _span(measure: Measure, series: dict[str, Any]) -> list[float]:
    """Return the range of the lines, at least ten last digits shown and a thousandth: noise stays flat."""
    known = np.concatenate([np.empty(0), *(values[np.isfinite(values)] for values in series.values())])
    if not len(known):
        return [0.0, 1.0]
    low, high = float(known.min()), float(known.max())
    more = max(10 * 10.0**-measure.digits, 1e-3 * max(abs(low), abs(high))) - (high - low)
    return [low - max(more, 0) / 2, high + max(more, 0) / 2]


def _year_axis(years: list[int]) -> dict[str, Any]:
    axis = {"format": "d", "title": None, "grid": False, "tickCount": 6}
    scale = {"domain": [years[0], years[-1]], "nice": False}
    return {"field": "year", "type": "quantitative", "axis": axis, "scale": scale}


def _tips(language: str, *keys: str) -> list[dict[str, Any]]:
    tips: list[dict[str, Any]] = []
    for key in keys:
        tip = {"field": key, "title": say(f"compare.tip.{key}", language)}
        tips.append(
            {**tip, "type": "quantitative", "format": "d"} if key == "year" else {**tip, "type": "nominal"}
        )
    return tips


def _years_table(
    years: list[int], series: dict[str, Any], labels: dict[str, str], unit: str, title: str
) -> Table:
    known = {key: values for key, values in series.items() if np.isfinite(values).any()}
    fields = [Field("year", "")] + [Field(key, labels[key], unit) for key in known]
    rows = zip(years, *(values.tolist() for values in known.values()), strict=True) if known else ()
    return Table("years", title, tuple(fields), tuple(rows))


def _lines_alt(measure: Measure, years: list[int], series: dict[str, Any], language: str) -> str:
    parts = {
        key: measure.text(float(values[-1]), language)
        for key, values in series.items()
        if len(values) == len(years)
    }
    return say("compare.alt.lines", language, measure=measure.name(language), year=years[-1], **parts)


def who_gains(two: Pair, measure: str, year: int, language: str = "en", *, count: int = _MOST) -> Chart:
    """Return the counties that gain and lose most in B against A as bars."""
    shown = MEASURES[measure]
    gains, losses = ranking(two, measure, year, language, count=count)
    rows = [
        (f"{row.name} · {row.city}" if row.city != row.name else row.name, row.difference)
        for row in (*gains, *reversed(losses))
    ]
    title = say("compare.chart.gains", language, measure=shown.name(language), year=year)
    alt = say(
        "compare.alt.gains",
        language,
        gain=_first(gains, shown, language),
        loss=_first(losses, shown, language),
    )
    spec = _difference_bars(rows, two, measure, language)
    return Chart(
        f"counties_{measure}",
        title,
        alt,
        _note(shown, language),
        spec,
        table_of_counties(two, measure, year, language),
    )


def _first(rows: Sequence[Any], measure: Measure, language: str) -> str:
    if not rows:
        return say("compare.nobody", language)
    value = measure.text(rows[0].difference, language, sign=True)
    return say("compare.who", language, name=rows[0].name, value=value)


def by_city(two: Pair, measure: str, year: int, language: str = "en") -> Chart:
    """Return the difference in every city as bars."""
    shown = MEASURES[measure]
    rows = indicators(two, year, [measure], cities(two.region, language))
    known = [row for row in rows if np.isfinite(row.difference)]
    title = say("compare.chart.cities", language, measure=shown.name(language), year=year)
    most = sorted(known, key=lambda row: -abs(row.difference))[:1]
    alt = say("compare.alt.cities", language, city=_city(most, shown, language))
    spec = _difference_bars([(row.place.name, row.difference) for row in known], two, measure, language)
    return Chart("cities", title, alt, _note(shown, language), spec, table_of_rows(known, language))


def _city(rows: Sequence[Row], measure: Measure, language: str) -> str:
    if not rows or not rows[0].difference:
        return say("compare.nobody", language)
    value = measure.text(rows[0].difference, language, sign=True)
    return say("compare.who", language, name=rows[0].place.name, value=value)


def _difference_bars(
    named: list[tuple[str, float]], two: Pair, measure: str, language: str
) -> dict[str, Any]:
    """Return bars about zero; colours are the map's classes of the difference over all years."""
    shown = MEASURES[measure]
    every = settled(shown, two.second.values[measure] - two.first.values[measure])
    classes = breaks([every], digits=shown.digits, diverging=True)
    return bars_about_zero(named, classes, shown, language)


def bars_about_zero(
    named: list[tuple[str, float]], classes: Classes, shown: Measure, language: str
) -> dict[str, Any]:
    """Return bars of named values in the colours of their classes, in the unit and digits of a measure."""
    found = classes.of(np.array([value for _, value in named]))
    rows = [
        {
            "name": name,
            "value": value,
            "text": shown.text(value, language, sign=True),
            "colour": classes.colours[at],
        }
        for (name, value), at in zip(named, found, strict=True)
    ]
    y = {"field": "name", "type": "nominal", "sort": None, "title": None}
    x = {"field": "value", "type": "quantitative", "axis": _value_axis(shown.unit_name(language), language)}
    x["scale"] = {"padding": 46}
    colour = {"field": "colour", "type": "nominal", "scale": None}
    tips = _tips(language, "name", "text")
    bar = {
        "mark": {"type": "bar", "stroke": SOFT, "strokeWidth": 0.4},
        "encoding": {"color": colour, "tooltip": tips},
    }
    texts = [
        {
            "transform": [{"filter": f"datum.value {sign} 0"}],
            "mark": {"type": "text", "align": align, "dx": dx, "color": INK, "fontSize": 11},
            "encoding": {"text": {"field": "text", "type": "nominal"}},
        }
        for sign, align, dx in ((">=", "left", 4), ("<", "right", -4))
    ]
    return _spec(rows, layer=[bar, *texts], encoding={"x": x, "y": y}, height=_bar_height(len(rows)))


def spread_of_counties(two: Pair, measure: str, year: int, language: str = "en") -> Chart:
    """Return how many counties fall in each class in A and B; both and all years share the classes.

    Raises
    ------
    ModelError
        If an outcome holds no such measure by county, or not the year.
    """
    shown, labels = MEASURES[measure], _labels(two, language)
    levels = [one.values[measure] for one in (two.first, two.second)]
    classes = breaks(
        [*levels, two.first.before[measure]], digits=shown.digits, diverging=shown.scale == "diverging"
    )
    names = [
        say(
            "compare.class",
            language,
            low=number(low, language, digits=classes.digits),
            high=number(high, language, digits=classes.digits),
        )
        for low, high in zip(classes.bounds[:-1], classes.bounds[1:], strict=True)
    ]
    held = {
        key: classes.counts(one.at(measure, year))[0] for key, one in (("a", two.first), ("b", two.second))
    }
    rows = [
        {"name": name, "value": int(count), "text": str(int(count)), "side": labels[key]}
        for key, counts in held.items()
        for name, count in zip(names, counts, strict=True)
    ]
    title = say("compare.chart.spread", language, measure=shown.name(language), year=year)
    fields = (
        Field("class", title, shown.unit_name(language)),
        *(Field(key, labels[key], say("compare.counties", language)) for key in held),
    )
    table = Table("spread", title, fields, tuple(zip(names, *held.values(), strict=True)))
    moved = int(np.sum(classes.of(two.first.at(measure, year)) != classes.of(two.second.at(measure, year))))
    alt = say("compare.alt.spread", language, moved=moved, classes=len(names))
    spec = _paired_bars(rows, labels, say("compare.counties", language), language)
    return Chart("spread", title, alt, _note(shown, language), spec, table)


def _paired_bars(
    rows: list[dict[str, Any]], labels: dict[str, str], axis: str, language: str
) -> dict[str, Any]:
    """Return two bars, A above B, for each name."""
    domain = [labels["a"], labels["b"]]
    encoding = {
        "y": {"field": "name", "type": "nominal", "sort": None, "title": None},
        "yOffset": {"field": "side", "type": "nominal", "scale": {"domain": domain}},
        "x": {"field": "value", "type": "quantitative", "axis": _value_axis(axis, language)},
        "color": _sides(labels, "a", "b"),
        "tooltip": _tips(language, "name", "side", "text"),
    }
    names = len({row["name"] for row in rows})
    return _spec(rows, mark={"type": "bar"}, encoding=encoding, height=_bar_height(names, each=30))


def what_moves(two: Pair, year: int, language: str = "en", *, what: str = "posts") -> Chart:
    """Return what of each class of institution has moved by a year in A and B as bars."""
    shown, labels = MEASURES[what], _labels(two, language)
    listed = [row for row in kinds(two, year) if row.what == what]
    rows = [
        {
            "name": say(f"kind.{row.kind}", language),
            "value": value,
            "text": shown.text(value, language),
            "side": labels[key],
        }
        for row in listed
        for key, value in (("a", row.first), ("b", row.second))
    ]
    title = say("compare.chart.kinds", language, measure=shown.name(language), year=year)
    totals = {
        key: shown.text(sum(getattr(row, at) for row in listed), language)
        for key, at in (("a", "first"), ("b", "second"))
    }
    alt = say("compare.alt.moved", language, unit=shown.unit_name(language), **totals)
    spec = _paired_bars(rows, labels, shown.unit_name(language), language)
    return Chart("kinds", title, alt, _note(shown, language), spec, table_of_kinds(two, year, language))


def where_from_where_to(
    two: Pair, year: int, language: str = "en", *, what: str = "posts", count: int = _MOST
) -> Chart:
    """Return the largest streams of what moves from county to county by a year in A and B as bars."""
    shown, labels = MEASURES[what], _labels(two, language)
    listed = flows(two, year, language, what=what)
    rows = [
        {
            "name": f"{_plain_name(flow.origin_name)} → {_plain_name(flow.destination_name)}",
            "value": value,
            "text": shown.text(value, language),
            "side": labels[key],
        }
        for flow in listed[:count]
        for key, value in (("a", flow.first), ("b", flow.second))
    ]
    title = say("compare.chart.flows", language, measure=shown.name(language), year=year)
    totals = {
        key: shown.text(sum(getattr(flow, at) for flow in listed), language)
        for key, at in (("a", "first"), ("b", "second"))
    }
    alt = say("compare.alt.moved", language, unit=shown.unit_name(language), **totals)
    spec = _paired_bars(rows, labels, shown.unit_name(language), language)
    return Chart(
        "flows", title, alt, _note(shown, language), spec, table_of_flows(two, year, language, what=what)
    )


def timeline_chart(events: Sequence[Event], year: int, language: str = "en") -> Chart:
    """Return a line per institution from first to last date, a mark for each date, and the year chosen."""
    dated = [event for event in events if event.years]
    stages = {key: say(f"institution_status.{key}", language) for key in _STAGES}
    spans = [
        {"name": event.name, "from": event.years[0], "to": event.years[-1], "stage": stages[event.stage]}
        for event in dated
    ]
    points = [
        {
            "name": event.name,
            "year": getattr(event, key),
            "date": say(f"timeline.column.{key}", language),
            "stage": stages[event.stage],
            "form": "circle" if key in {"opened", "end"} else "diamond",
            "filled": key != "expected",
        }
        for event in dated
        for key in DATES
        if getattr(event, key) is not None
    ]
    title = say("timeline.title", language)
    # without the year: a page that plays the years would embed the chart anew with every other text
    alt = say("timeline.alt", language, count=len(dated), undated=len(events) - len(dated))
    spec = _timeline_spec(spans, points, stages, year, language)
    return Chart(
        "timeline", title, alt, say("timeline.note", language), spec, table_of_events(events, language, year)
    )


def _dates(
    points: list[dict[str, Any]],
    x: dict[str, Any],
    y: dict[str, Any],
    colour: dict[str, Any],
    *,
    filled: bool,
    language: str,
) -> dict[str, Any]:
    """Return the marks of dates on the lanes of a timeline: filled, or hollow for what is expected."""
    look: dict[str, Any] = {"filled": True} if filled else {"fill": "white"}
    return {
        "data": {"values": [point for point in points if point["filled"] == filled]},
        "mark": {"type": "point", "size": 70, "strokeWidth": 1.8, "opacity": 1, **look},
        "encoding": {
            "x": {"field": "year", **x},
            "y": y,
            "color": colour,
            "shape": {"field": "form", "type": "nominal", "scale": None},
            "tooltip": _tips(language, "name", "date", "year", "stage"),
        },
    }


def _timeline_spec(
    spans: list[dict[str, Any]],
    points: list[dict[str, Any]],
    stages: dict[str, str],
    year: int,
    language: str,
) -> dict[str, Any]:
    present = [key for key in _STAGES if any(span["stage"] == stages[key] for span in spans)]
    colour = {
        "field": "stage",
        "type": "nominal",
        "scale": {"domain": [stages[key] for key in present], "range": [_STAGES[key] for key in present]},
    }
    names = list(dict.fromkeys(span["name"] for span in spans))
    lane = {"title": None, "grid": True, "labelLimit": 210}
    y = {"field": "name", "type": "nominal", "sort": names, "axis": lane}
    axis = {"format": "d", "title": None, "tickCount": 5, "orient": "top"}
    x = {"type": "quantitative", "axis": axis, "scale": {"zero": False, "padding": 8}}
    span = {
        # told by the points at its ends, the text beside the chart and its table
        "mark": {"type": "rule", "strokeWidth": 3, "opacity": 0.55, "aria": False},
        "encoding": {"x": {"field": "from", **x}, "x2": {"field": "to"}, "y": y, "color": colour},
    }
    dots = [_dates(points, x, y, colour, filled=filled, language=language) for filled in (True, False)]
    now = {
        # the one part that changes while the years play: a page takes it in without drawing the rest anew
        "data": {"name": "now"},
        "mark": {"type": "rule", "color": INK, "strokeDash": [4, 3], "aria": False},
        "encoding": {"x": {"field": "year", **x}},
    }
    layers = [span, *dots, now]
    height = _bar_height(len(names), each=18)
    return _spec(spans, layer=layers, height=height, datasets={"now": [{"year": year}]})
